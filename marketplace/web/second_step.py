"""The second step of signing in, at the edge: who waits for it, who must have it, and that wrong codes count."""

from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from marketplace.identity.models import Account
from marketplace.identity.queries import find_session_account
from marketplace.identity.second_factors import KINDS, check_code
from marketplace.identity.service import check_attempts, record_failure
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Forbidden, NotSignedIn
from marketplace.web.access import LIBRARY_ENDPOINTS
from marketplace.web.redirects import see_other
from marketplace.web.session import remote_address

# How long the password holds while somebody looks for the phone.
WAITS = timedelta(minutes=10)
_WAITING = "second_step"
# What somebody who has yet to enrol may still do: enrol, read it in another language, and leave.
_OPEN = LIBRARY_ENDPOINTS | {
    *("second_factor.own", "second_factor.begin", "second_factor.confirm"),
    *("account.sign_out", "account.sign_out_everywhere", "account.language"),
    *("public.health", "api-token.delete_token"),
}


def is_required() -> bool:
    """Whether this installation lets no officer or operator in without a second factor."""
    return bool(current_app.extensions["settings"].officer_second_factor == "required")


def must_enrol(account: Account) -> bool:
    """Whether the account may do nothing before it has a second factor."""
    if not is_required() or account.second_factor_since is not None:
        return False
    return any(role.kind in KINDS for role in account.roles)


def take_code(account: Account, code: str, *, now: datetime) -> None:
    """Take a code in a transaction of its own; a wrong one counts like a wrong password."""
    check_attempts(account.login, remote_address(), now=now)
    login = account.login
    db.session.rollback()
    try:
        with transaction():
            check_code(account, code, now=now)
    except NotSignedIn:
        # In another transaction, because the refusal that follows takes nothing back.
        with transaction():
            record_failure(login, remote_address(), now=now)
        raise


def check_for_program(account: Account, code: str | None, *, now: datetime) -> None:
    """Take the code that a program sends along with the password, in the transaction of its token.

    Raises
    ------
    NotSignedIn
        ``code_needed`` when there is none and one is asked for, ``code_wrong`` when it is not right.
    Forbidden
        ``second_factor_needed`` for an account that has to enrol first.
    """
    if must_enrol(account):
        raise _enrol_first()
    if account.second_factor_since is None:
        return
    if not code:
        raise NotSignedIn("code_needed", N_("This account signs in with a code besides the password."))
    check_code(account, code, now=now)


def wait_for_code(account: Account, target: str | None, remember: bool, *, now: datetime) -> None:
    """Remember in the signed cookie who has shown the password; it lets nobody in anywhere."""
    session[_WAITING] = {
        "account": account.id,
        "epoch": account.session_epoch,
        "until": (now + WAITS).timestamp(),
        "next": target or "",
        "remember": remember,
    }


def who_waits(*, now: datetime) -> tuple[Account, dict[str, Any]]:
    """Who has shown the password a moment ago, and where they were going.

    Raises
    ------
    NotSignedIn
        When nobody has, or not of late.
    """
    kept = session.get(_WAITING)
    account = None
    if kept is not None and now.timestamp() < kept["until"]:
        account = find_session_account(kept["account"], kept["epoch"])
    if account is None or account.second_factor_since is None:
        raise NotSignedIn("sign_in_needed", N_("Please sign in first."))
    return account, kept


def wire(app: Flask) -> None:
    """Lead whoever must enrol to the page for it, and nowhere else; to be wired after the check of access."""

    @app.before_request
    def lead_to_enrolment() -> Response | None:
        if not is_required() or request.endpoint in _OPEN:
            return None
        if not current_user.is_authenticated or not must_enrol(current_user.account):
            return None
        if request.path.startswith(("/api/", "/openrosa/")):
            raise _enrol_first()
        return see_other(url_for("second_factor.own"))


def _enrol_first() -> Forbidden:
    return Forbidden("second_factor_needed", N_("Please set up the second step of signing in on the website first."))
