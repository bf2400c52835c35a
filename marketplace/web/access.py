"""Who may enter. Every view carries ``@allow``; one that does not is refused to everybody."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, request
from flask_login import current_user

from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import may_see, scopes
from marketplace.kernel.errors import N_, Forbidden, NotFound, NotSignedIn
from marketplace.registry.reading import Reach

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"
SIGNED_IN = "signed_in"
# How the names of the API's blueprints begin.
API_GROUP = "api-"
# Signing in and out needs no scope: a token may always end itself.
TOKEN_GROUP = "token"
# Endpoints that libraries bring along and that show nothing of anybody.
LIBRARY_ENDPOINTS = frozenset({"static", "api-docs.openapi_json"})


def allow(*who: str) -> Callable[[View], View]:
    """Mark a view with those who may enter: ``PUBLIC``, ``SIGNED_IN`` or kinds of role."""

    def mark(view: View) -> View:
        view.access = frozenset(who)  # type: ignore[attr-defined]
        return view

    return mark


def guard(app: Flask) -> None:
    """Check every request before its view runs."""

    @app.before_request
    def check_access() -> None:
        if "\x00" in request.path:
            # Nothing has such a name, and the database would not even take the question.
            raise NotFound("page_unknown", N_("This page does not exist, or is not meant for you."))
        if request.endpoint is None or request.endpoint in LIBRARY_ENDPOINTS:
            return
        access = getattr(current_app.view_functions[request.endpoint], "access", None)
        if access is None:
            raise Forbidden("no_access_rule", N_("This page is not open to anybody."))
        _check_scope()
        if PUBLIC in access:
            return
        if not current_user.is_authenticated:
            raise NotSignedIn("sign_in_needed", N_("Please sign in first."))
        if SIGNED_IN not in access and not access & {role.kind for role in current_user.account.roles}:
            raise Forbidden("role_needed", N_("Your account has no access to this page."))


def operation_scope() -> str | None:
    """What a token must be good for to do what this request asks: the API's group, and whether it reads or writes.

    None outside the API, and where a token ends itself.
    """
    group = (request.blueprint or "").removeprefix(API_GROUP)
    if group == request.blueprint or group == TOKEN_GROUP:
        return None
    return scope_name(group, request.method)


def scope_name(group: str, method: str) -> str:
    """The scope of an operation.

    >>> scope_name("orders", "GET"), scope_name("orders", "POST")
    ('orders:read', 'orders:write')
    """
    return f"{group}:{'read' if method in ('GET', 'HEAD', 'OPTIONS') else 'write'}"


def known_scopes(app: Flask) -> list[str]:
    """Every scope that some operation asks for, in the order of the alphabet."""
    groups = {
        (rule.endpoint.partition(".")[0].removeprefix(API_GROUP), method)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(API_GROUP) and rule.endpoint not in LIBRARY_ENDPOINTS
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS")
    }
    return sorted({scope_name(group, method) for group, method in groups if group != TOKEN_GROUP})


def _check_scope() -> None:
    scope = operation_scope()
    if scope is None or not current_user.is_authenticated or current_user.scopes is None:
        return
    if scope not in current_user.scopes:
        raise Forbidden("scope_needed", N_("This token is not good for that. It would need %(scope)s."), scope=scope)


def account() -> Account:
    """The signed-in account of a view that is not public."""
    found: Account = current_user.account
    return found


def account_or_none() -> Account | None:
    """The signed-in account, if somebody is."""
    return current_user.account if current_user.is_authenticated else None


def area_in_scope(kind: RoleKind, area_code: str | None) -> str:
    """The area asked for, or the widest of one's own when none was; an area outside counts as absent."""
    own = scopes(account(), kind)
    if area_code is None:
        return own[0]
    if not may_see(account(), kind, area_code):
        raise NotFound("area_unknown", N_("There is no area with the code %(code)s."), code=area_code[:20])
    return area_code


def office_reach() -> Reach:
    """How far the signed-in officer's questions about people may reach: their own areas."""
    return reach_as(RoleKind.OFFICER)


def reach_as(*kinds: RoleKind) -> Reach:
    """How far the questions about people of somebody of these kinds may reach: the areas of any of them."""
    areas = {scope for kind in kinds for scope in scopes(account(), kind)}
    return Reach.of(sorted(areas, key=lambda code: (len(code), code)), f"{' or '.join(kinds)} {account().public_id}")
