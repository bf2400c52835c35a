"""Reading accounts and what they may do."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager, joinedload

from marketplace.identity.models import AccessToken, Account, Role, RoleKind
from marketplace.kernel.db import db
from marketplace.regions.codes import contains


def find_session_account(account_id: int, session_epoch: int) -> Account | None:
    """The active account of a session that has not been ended, with its roles, in one statement."""
    account = (
        db.session.scalars(select(Account).where(Account.id == account_id).options(joinedload(Account.roles))).unique().first()
    )
    if account is None or not account.active or account.session_epoch != session_epoch:
        return None
    return account


def find_token(token: str, *, now: datetime) -> AccessToken | None:
    """A token in force with its account, which is active, and the account's roles, in one statement."""
    digest = hashlib.sha256(token.encode()).digest()
    query = (
        select(AccessToken)
        .join(AccessToken.account)
        .options(contains_eager(AccessToken.account).joinedload(Account.roles))
        .where(AccessToken.digest == digest, AccessToken.expires_at > now, AccessToken.revoked_at.is_(None))
        .where(Account.active)
    )
    return db.session.scalars(query).unique().first()


def named_tokens(account_id: int, *, now: datetime) -> Sequence[AccessToken]:
    """The tokens in force that an account has given a name, newest first."""
    return db.session.scalars(
        select(AccessToken)
        .where(AccessToken.account_id == account_id, AccessToken.name != "")
        .where(AccessToken.expires_at > now, AccessToken.revoked_at.is_(None))
        .order_by(AccessToken.id.desc())
    ).all()


def find_account_by_login(login: str) -> Account | None:
    """The account with this login, written in any case."""
    return db.session.scalars(select(Account).filter_by(login=login.strip().lower())).first()


def scopes(account: Account, kind: RoleKind) -> list[str]:
    """The areas in which the account has this role, widest first."""
    return sorted((role.scope_code for role in account.roles if role.kind == kind), key=lambda code: (len(code), code))


def may_see(account: Account, kind: RoleKind, area_code: str) -> bool:
    """Whether the account has this role over the whole of an area."""
    return any(contains(scope, area_code) for scope in scopes(account, kind))


def account_names(public_ids: Iterable[str]) -> dict[str, str]:
    """The display names of accounts by public id; what is no account's is absent."""
    rows = db.session.execute(select(Account.public_id, Account.display_name).where(Account.public_id.in_(set(public_ids))))
    return dict(rows.all())


def account_names_by_id(ids: Iterable[int]) -> dict[int, str]:
    """The display names of accounts by their ids inside the database."""
    rows = db.session.execute(select(Account.id, Account.display_name).where(Account.id.in_(set(ids))))
    return dict(rows.all())


def accounts_by_id(ids: Iterable[int]) -> dict[int, Account]:
    """Accounts by their ids inside the database."""
    return {found.id: found for found in db.session.scalars(select(Account).where(Account.id.in_(set(ids))))}


def officers_over(area_code: str) -> list[Account]:
    """The active officers whose area holds this one, those nearest to it first."""
    codes = [area_code[:length] for length in range(2, len(area_code) + 1)]
    rows = db.session.scalars(
        select(Account)
        .join(Role, Role.account_id == Account.id)
        .where(Role.kind == RoleKind.OFFICER, Role.scope_code.in_(codes), Account.active)
        .order_by(func.length(Role.scope_code).desc(), Account.id)
    )
    return list(dict.fromkeys(rows))
