"""Who may enter. Every view carries ``@allow``; one that does not is refused to everybody."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, request
from flask_login import current_user

from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import may_see, scopes
from marketplace.kernel.errors import N_, Forbidden, NotFound, NotSignedIn

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"
SIGNED_IN = "signed_in"
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
        if PUBLIC in access:
            return
        if not current_user.is_authenticated:
            raise NotSignedIn("sign_in_needed", N_("Please sign in first."))
        if SIGNED_IN not in access and not access & {role.kind for role in current_user.account.roles}:
            raise Forbidden("role_needed", N_("Your account has no access to this page."))


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
