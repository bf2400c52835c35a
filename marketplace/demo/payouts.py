"""Money that has left the demo's shop: a village agent's share, a batch half confirmed, and one that waits for approval."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select

from marketplace.catalogue.models import Producer
from marketplace.identity.queries import find_account_by_login
from marketplace.kernel.db import db
from marketplace.orders.models import ShareKind
from marketplace.orders.shares import producer_account, set_term
from marketplace.orders.waterfall import count_seller_shares
from marketplace.payments.models import PayoutLine, PayoutWay
from marketplace.payments.payees import set_payee
from marketplace.payments.payouts import (
    MINIMUM_FEN,
    approve_batch,
    confirm_line,
    draft_batch,
    note_sent,
    return_line,
)

TOWNSHIP = "522636100"
ACTOR = "demo"
# So many sellers are in the batch that was sent, and so many in the one that waits.
_SENT, _WAITING = 24, 8
_BANK = "农桥演示银行丹寨支行"


def agree_terms(*, now: datetime) -> None:
    """In one township, who helps the villages to pack and post gets a share; from before the year begins on."""
    reason = "Agreed with the township for packing and posting in its villages (demo)"
    set_term(ShareKind.VILLAGE_AGENT, TOWNSHIP, 200, f"agent:{TOWNSHIP}", date(2020, 1, 1), reason, actor=ACTOR, now=now)


def pay_out(producer_ids: Sequence[int], *, now: datetime) -> None:
    """Pay some sellers out: those whose accounts one can sign in to, and the first of the others."""
    names = select(Producer).where(Producer.id.in_(producer_ids)).order_by(Producer.account_id.is_(None), Producer.id)
    sellers = db.session.scalars(names.limit(_SENT + _WAITING)).all()
    first, second = _operator("operator"), _operator("cashier")
    _name_accounts(sellers[:_SENT], 0, now)
    batch = draft_batch(PayoutWay.BANK, MINIMUM_FEN, actor=first, now=now)
    approve_batch(batch, actor=second, now=now)
    note_sent(batch, actor=first, now=now)
    lines = db.session.scalars(select(PayoutLine).filter_by(batch_id=batch.id).order_by(PayoutLine.id)).all()
    for number, line in enumerate(lines[: len(lines) // 2], 1):
        confirm_line(line, f"DEMO{now:%y%m%d}{number:04d}", actor=first, now=now)
    return_line(lines[-1], "账号与户名不符", actor=first, now=now)
    _name_accounts(sellers[_SENT:], _SENT, now)
    draft_batch(PayoutWay.BANK, MINIMUM_FEN, actor=second, now=now)
    count_seller_shares(now=now)


def _operator(login: str) -> str:
    account = find_account_by_login(login)
    if account is None:
        raise RuntimeError(f"the demo has no account {login}")
    return account.public_id


def _name_accounts(sellers: Sequence[Producer], start: int, now: datetime) -> None:
    for number, seller in enumerate(sellers, start):
        # No bank's numbers begin with six noughts. Two sellers share one, which the operator is told.
        own = f"000000{seller.id:010d}" if number not in (start + 3, start + 4) else f"000000{start:010d}"
        set_payee(producer_account(seller.public_id), PayoutWay.BANK, seller.name_zh, _BANK, own, actor=ACTOR, now=now)
