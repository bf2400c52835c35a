"""Who wants the weekly letter, and where to."""

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid, NotFound
from marketplace.recommendations.models import DigestSubscription

# What stands for an address is left to the mail server; this only catches what was typed into the wrong box.
_ADDRESS = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,185}\.[^@\s,;<>\".]{2,}")


def is_address(text: str) -> bool:
    """Whether a text looks like an e-mail address."""
    return _ADDRESS.fullmatch(text) is not None


def find_subscription(account_id: int) -> DigestSubscription | None:
    """What an account has said about the weekly letter, if anything."""
    return db.session.get(DigestSubscription, account_id)


def subscribe(account: Account, address: str, *, now: datetime) -> None:
    """Send the weekly letter to an address from now on.

    Raises
    ------
    Invalid
        When the address cannot be one.
    """
    address = address.strip()
    if not is_address(address):
        raise Invalid("address_invalid", N_("This is not an e-mail address. It should look like name@example.com."))
    _say(account, wanted=True, address=address, now=now)


def unsubscribe(account: Account, *, now: datetime) -> bool:
    """Send no letter any more; False when none was sent anyway."""
    kept = find_subscription(account.id)
    if kept is None or not kept.wanted:
        return False
    _say(account, wanted=False, address=kept.address, now=now)
    return True


def _say(account: Account, *, wanted: bool, address: str, now: datetime) -> None:
    values = {"wanted": wanted, "address": address, "changed_at": now}
    statement = insert(DigestSubscription).values(account_id=account.id, **values)
    db.session.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=values))
    verb = "digest.subscribed" if wanted else "digest.unsubscribed"
    audit.record(verb, "account", account.public_id, actor=account.public_id, at=now)


def get_subscriber(public_id: str) -> Account:
    """The account of a link in a letter, or ``NotFound``."""
    account = db.session.scalars(select(Account).filter_by(public_id=public_id)).first()
    if account is None:
        raise NotFound("letter_unknown", N_("This link belongs to no letter of ours."))
    return account


def subscriber_ids() -> Sequence[int]:
    """The active accounts that want the weekly letter."""
    return db.session.scalars(
        select(DigestSubscription.account_id)
        .join(Account, Account.id == DigestSubscription.account_id)
        .where(DigestSubscription.wanted, Account.active)
        .order_by(DigestSubscription.account_id)
    ).all()
