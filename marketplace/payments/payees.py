"""Where somebody's money is paid out to: set and changed by themselves, shown to people by its last four figures."""

import re
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from marketplace.kernel import audit, ids
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid
from marketplace.kernel.privacy import blind_index
from marketplace.payments.models import PayeeAccount, PayoutWay
from marketplace.payments.payout_queries import find_payee

# What people write between the figures of an account number.
_BETWEEN = re.compile(r"[\s-]")
_NUMBERS = {PayoutWay.BANK: re.compile(r"[0-9]{8,30}"), PayoutWay.STRIPE: re.compile(r"acct_[A-Za-z0-9]{1,60}")}


def set_payee(
    ledger_code: str, way: PayoutWay, holder: str, bank: str, number: str, *, actor: str, now: datetime
) -> PayeeAccount:
    """Say where the money of a ledger account is paid out to; what has been put in a batch before goes where it was to go.

    Parameters
    ----------
    holder, bank, number : str
        Whose account it is, at which bank, and its number; spaces and dashes in it count for nothing.

    Raises
    ------
    Invalid
        ``payee_number`` for what is no number of an account, ``payee_bank`` when the bank is missing.
    """
    number = _BETWEEN.sub("", number)
    if not _NUMBERS[way].fullmatch(number):
        raise Invalid("payee_number", N_("Please check the account number: it has 8 to 30 figures."))
    if (way is PayoutWay.BANK) != bool(bank):
        raise Invalid("payee_bank", N_("Please name the bank."))
    values = {
        "way": way.value,
        "holder": holder,
        "bank": bank,
        "number": number,
        "last_four": number[-4:],
        "number_index": blind_index(number, "payee_account.number"),
        "changed_by": actor,
        "changed_at": now,
    }
    row = insert(PayeeAccount).values(ledger_code=ledger_code, public_id=ids.public_id(), **values)
    db.session.execute(row.on_conflict_do_update(index_elements=["ledger_code"], set_=values))
    payee = find_payee(ledger_code)
    if payee is None:
        raise RuntimeError("a row that was just written is not there")
    audit.record("payee.set", "payee_account", payee.public_id, actor=actor, at=now, ledger_code=ledger_code, way=way.value)
    return payee
