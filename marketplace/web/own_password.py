"""Asking for the password once more before something that cannot be taken back."""

from datetime import datetime

from marketplace.identity.service import check_attempts, record_failure, verify_password
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, NotSignedIn
from marketplace.web.access import account
from marketplace.web.session import remote_address


def check_own_password(password: str, *, now: datetime) -> None:
    """Let the signed-in person go on; a wrong password counts like one at the sign-in.

    Raises
    ------
    TooMany
        After too many wrong ones.
    NotSignedIn
        ``password_wrong``.
    """
    login = account().login
    check_attempts(login, remote_address(), now=now)
    try:
        verify_password(login, password)
    except NotSignedIn:
        db.session.rollback()
        with transaction():
            record_failure(login, remote_address(), now=now)
        raise NotSignedIn("password_wrong", N_("This is not your password.")) from None
