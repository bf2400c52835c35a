"""Signing up and in, tokens, roles."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import argon2
from sqlalchemy import delete, func, or_, select, update

from marketplace.identity.models import AccessToken, Account, Role, RoleKind, SignInAttempt
from marketplace.identity.queries import find_account_by_login, named_tokens
from marketplace.kernel import audit, ids
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound, NotSignedIn, TooMany

_hasher = argon2.PasswordHasher()
# Compared against when there is no such account, so that the answer takes as long as when there is one.
_NOBODYS_HASH = _hasher.hash("no account has this password")

ATTEMPT_SPAN = timedelta(minutes=15)
ATTEMPTS_PER_LOGIN = 5
# One address can be a village's only line, so it may fail more often than one login.
ATTEMPTS_PER_ADDRESS = 50
TOKEN_LIFE = timedelta(hours=12)
LONGEST_TOKEN_LIFE = timedelta(days=365)
MOST_NAMED_TOKENS = 20
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._+@-]{2,118}[a-z0-9]")


def create_account(
    login: str,
    display_name: str,
    password: str,
    *,
    now: datetime,
    roles: list[tuple[RoleKind, str]] | None = None,
    locale: str | None = None,
) -> Account:
    """Open an account; a consumer's unless ``roles`` (kind and area code) says otherwise.

    Raises
    ------
    Invalid
        For a login, name or password that cannot be used.
    Conflict
        When the login is taken.
    """
    login = login.strip().lower()
    if not _LOGIN.fullmatch(login):
        raise Invalid("login_invalid", N_("Sign in with a phone number, an e-mail address, or a name of at least 4 letters."))
    display_name = display_name.strip()
    if not 1 <= len(display_name) <= 60:
        raise Invalid("name_invalid", N_("Please give a name of 1 to 60 characters."))
    if not 8 <= len(password) <= 200:
        raise Invalid("password_invalid", N_("The password needs 8 to 200 characters."))
    if find_account_by_login(login) is not None:
        # Asked only to speak kindly; the unique index is what is relied on.
        raise Conflict("login_taken", N_("There is an account with this name already. Sign in, or choose another."))
    account = Account(
        login=login, display_name=display_name, password_hash=_hasher.hash(password), locale=locale, created_at=now
    )
    account.roles = [Role(kind=kind, scope_code=scope) for kind, scope in roles or [(RoleKind.CONSUMER, "")]]
    db.session.add(account)
    db.session.flush()
    audit.record("account.opened", "account", account.public_id, actor=account.public_id, at=now)
    return account


def check_attempts(login: str, address: str, *, now: datetime) -> None:
    """Raise ``TooMany`` when this login or this address has failed too often of late."""
    login = login.strip().lower()[:120]
    since = now - ATTEMPT_SPAN
    by_login, by_address, first_at = db.session.execute(
        select(
            func.count().filter(SignInAttempt.login == login),
            func.count().filter(SignInAttempt.address == address),
            func.min(SignInAttempt.at),
        ).where(SignInAttempt.at > since, or_(SignInAttempt.login == login, SignInAttempt.address == address))
    ).one()
    if by_login >= ATTEMPTS_PER_LOGIN or by_address >= ATTEMPTS_PER_ADDRESS:
        wait_s = max(1, int((first_at + ATTEMPT_SPAN - now).total_seconds()))
        raise TooMany(
            "too_many_attempts",
            N_("Too many attempts. Please try again in %(minutes)s minutes."),
            minutes=wait_s // 60 + 1,
            retry_after_s=wait_s,
        )


def record_failure(login: str, address: str, *, now: datetime) -> None:
    """Count a failed attempt and forget those that no longer count."""
    db.session.execute(delete(SignInAttempt).where(SignInAttempt.at < now - ATTEMPT_SPAN))
    db.session.add(SignInAttempt(login=login.strip().lower()[:120], address=address, at=now))
    db.session.flush()


def verify_password(login: str, password: str) -> Account:
    """The account, if the password is its own; otherwise ``NotSignedIn``, the same for an unknown login."""
    account = find_account_by_login(login[:120])
    known = account.password_hash if account is not None and account.active else None
    try:
        _hasher.verify(known or _NOBODYS_HASH, password[:200])
    except argon2.exceptions.VerifyMismatchError:
        known = None
    if account is None or known is None:
        raise NotSignedIn("sign_in_failed", N_("The name or the password is not right."))
    return account


def issue_token(
    account: Account,
    *,
    now: datetime,
    scopes: Sequence[str] | None = None,
    name: str = "",
    life: timedelta = TOKEN_LIFE,
) -> tuple[str, datetime]:
    """A new bearer token and the moment it ends. The token itself is not kept.

    Parameters
    ----------
    scopes : sequence of str, optional
        What it is good for, as ``orders:read``; all that the account may do when none is named.
    name : str
        What a person calls the program that it is for; such a token is listed and can be ended by name.
    life : datetime.timedelta
        At most ``LONGEST_TOKEN_LIFE``.

    Raises
    ------
    Invalid
        For a life that is longer or none.
    Conflict
        ``tokens_full`` when the account has ``MOST_NAMED_TOKENS`` already.
    """
    if not timedelta(0) < life <= LONGEST_TOKEN_LIFE:
        raise Invalid("token_life_invalid", N_("A token holds for a year at the most."))
    if name and len(named_tokens(account.id, now=now)) >= MOST_NAMED_TOKENS:
        raise Conflict("tokens_full", N_("You have %(most)s tokens. Please end one first."), most=MOST_NAMED_TOKENS)
    token = ids.secret_token()
    expires_at = now + life
    kept = AccessToken(
        name=name,
        scopes=sorted(set(scopes)) if scopes else None,
        account_id=account.id,
        digest=hashlib.sha256(token.encode()).digest(),
        created_at=now,
        expires_at=expires_at,
    )
    db.session.add(kept)
    db.session.flush()
    audit.record("token.issued", "account", account.public_id, actor=account.public_id, at=now, scopes=kept.scopes)
    return token, expires_at


def end_named_token(account: Account, public_id: str, *, now: datetime) -> None:
    """End one of an account's named tokens; one that has ended stays so.

    Raises
    ------
    NotFound
        When the account has none of this id.
    """
    token = db.session.scalars(
        select(AccessToken).filter_by(public_id=public_id, account_id=account.id).with_for_update()
    ).first()
    if token is None or not token.name:
        raise NotFound("token_unknown", N_("There is no such token."))
    if token.revoked_at is None:
        token.revoked_at = now
        db.session.flush()
        audit.record("token.revoked", "account", account.public_id, actor=account.public_id, at=now)


def revoke_token(account: Account, token: str, *, now: datetime) -> bool:
    """End a token of this account; False when there is none of that kind in force."""
    digest = hashlib.sha256(token.encode()).digest()
    revoked = db.session.scalars(
        update(AccessToken)
        .where(AccessToken.digest == digest, AccessToken.account_id == account.id, AccessToken.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(AccessToken.id)
    ).first()
    if revoked is None:
        return False
    audit.record("token.revoked", "account", account.public_id, actor=account.public_id, at=now)
    return True


def set_locale(account: Account, locale: str) -> None:
    """Remember the language a person reads."""
    account.locale = locale
    db.session.flush()


def end_all_sessions(account: Account, *, now: datetime) -> None:
    """Sign an account out on every device. Tokens of programs end by themselves or are revoked one by one."""
    account.session_epoch += 1
    db.session.flush()
    audit.record("sessions.ended", "account", account.public_id, actor=account.public_id, at=now)
