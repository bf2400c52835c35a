"""Who somebody is: a signed cookie for people, a bearer token for programs, and the visitor's basket."""

from collections.abc import Iterable

from flask import Flask, Request, request, session
from flask_login import LoginManager, UserMixin, login_user, logout_user

from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import find_session_account, find_token
from marketplace.kernel import clock
from marketplace.kernel.errors import N_, NotSignedIn

_BASKET = "basket"
_API = "/api/"
# Phones that collect forms speak to these addresses, and show a token where others show a password.
_COLLECTING = "/openrosa/"


class SessionUser(UserMixin):
    """An account as the session and the templates see it."""

    def __init__(self, account: Account, scopes: Iterable[str] | None = None) -> None:
        self.account = account
        # What a token is good for; None for a person, and for a token that is good for everything.
        self.scopes = None if scopes is None else frozenset(scopes)
        # Kept here, so that a commit before the page is made does not send every page to read the account again.
        self.account_id = account.id
        self.locale = account.locale
        self.display_name = account.display_name
        self.kinds = {role.kind for role in account.roles}

    def get_id(self) -> str:
        """The account with its session epoch: raising the epoch ends every session."""
        return f"{self.account.id}:{self.account.session_epoch}"

    def is_a(self, kind: str) -> bool:
        """Whether the account has a role of this kind, for menus."""
        return RoleKind(kind) in self.kinds


def _load_from_cookie(user_id: str) -> SessionUser | None:
    # The API answers to tokens alone, so that no page of another site can use somebody's cookie there.
    if request.path.startswith((_API, _COLLECTING)):
        return None
    account_id, _, epoch = user_id.partition(":")
    if not (account_id.isdigit() and epoch.isdigit()):
        return None
    account = find_session_account(int(account_id), int(epoch))
    return SessionUser(account) if account is not None else None


def bearer_token(incoming: Request) -> str | None:
    """The token that a request shows, as it stands; None for another scheme."""
    scheme, _, token = incoming.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _load_from_token(incoming: Request) -> SessionUser | None:
    if not incoming.path.startswith(_API) or "Authorization" not in incoming.headers:
        return None
    token = bearer_token(incoming)
    kept = find_token(token, now=clock.now()) if token is not None else None
    if kept is None:
        raise NotSignedIn("token_invalid", N_("The access token is not valid or has expired."))
    return SessionUser(kept.account, kept.scopes)


def _load_from_phone(incoming: Request) -> SessionUser | None:
    """Basic authentication (RFC 7617) with a login and, as the password, one of its account's tokens; never its password."""
    shown = incoming.authorization
    if not incoming.path.startswith(_COLLECTING) or shown is None or shown.type != "basic":
        return None
    kept = find_token(shown.password or "", now=clock.now())
    if kept is None or kept.account.login != (shown.username or "").strip().lower():
        return None
    return SessionUser(kept.account, kept.scopes)


def wire(app: Flask) -> None:
    """Attach the sign-in to the application."""
    manager = LoginManager(app)
    manager.session_protection = None
    manager.user_loader(_load_from_cookie)
    manager.request_loader(lambda incoming: _load_from_token(incoming) or _load_from_phone(incoming))


def sign_in(account: Account) -> None:
    """Begin a session under a new cookie; nothing of the visitor's session stays in it."""
    session.clear()
    login_user(SessionUser(account))


def sign_out() -> None:
    """End the session."""
    logout_user()
    session.clear()


def visitor_basket() -> str | None:
    """The public id of the basket of somebody who has not signed in."""
    return session.get(_BASKET)


def keep_visitor_basket(public_id: str) -> None:
    """Remember a visitor's basket in the cookie."""
    session[_BASKET] = public_id


def remote_address() -> str:
    """The caller's address, for counting attempts."""
    return (request.remote_addr or "unknown")[:45]
