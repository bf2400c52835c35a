"""Reading payees, payout batches and their lines."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.ledger.queries import trial_balance
from marketplace.payments.models import PayeeAccount, PayoutBatch, PayoutLine, PayoutWay
from marketplace.payments.payout_states import BatchState, LineState


@dataclass(frozen=True)
class BatchSummary:
    """A batch with its lines counted and summed, in all and by what became of them."""

    batch: PayoutBatch
    lines: int
    total_fen: int
    fen_of: dict[str, int]


def find_payee(ledger_code: str) -> PayeeAccount | None:
    """Where the money of a ledger account is paid out to, if that was said."""
    query = select(PayeeAccount).filter_by(ledger_code=ledger_code).execution_options(populate_existing=True)
    return db.session.scalars(query).first()


def payees_by_code() -> dict[str, PayeeAccount]:
    """Every payee, by ledger account."""
    return {row.ledger_code: row for row in db.session.scalars(select(PayeeAccount).order_by(PayeeAccount.ledger_code))}


def sharing_an_account(codes: Sequence[str]) -> set[str]:
    """Those of the ledger accounts whose money goes to a number that another one's goes to as well."""
    shared = select(PayeeAccount.number_index).group_by(PayeeAccount.number_index).having(func.count() > 1)
    query = select(PayeeAccount.ledger_code).where(PayeeAccount.ledger_code.in_(codes), PayeeAccount.number_index.in_(shared))
    return set(db.session.scalars(query))


def payable_balances(minimum_fen: int, owed: str | None = None) -> list[tuple[str, int, PayeeAccount | None]]:
    """Ledger accounts with at least that much to be paid out, by code, each with its payee.

    With ``owed`` also those whose code begins so and that have named no payee yet; theirs is None.
    """
    payees = payees_by_code()
    return [
        (code, balance_fen, payees.get(code))
        for code, balance_fen in trial_balance()
        if balance_fen >= minimum_fen and (code in payees or (owed is not None and code.startswith(owed)))
    ]


def newest_batches(*, limit: int = 50) -> list[BatchSummary]:
    """The newest batches with their sums."""
    batches = db.session.scalars(select(PayoutBatch).order_by(PayoutBatch.id.desc()).limit(limit)).all()
    rows = db.session.execute(
        select(PayoutLine.batch_id, PayoutLine.state, func.count(), func.sum(PayoutLine.amount_fen))
        .where(PayoutLine.batch_id.in_([batch.id for batch in batches]))
        .group_by(PayoutLine.batch_id, PayoutLine.state)
    ).all()
    found = []
    for batch in batches:
        own = [(state, int(number), int(fen)) for batch_id, state, number, fen in rows if batch_id == batch.id]
        fen_of = {state: fen for state, _, fen in own}
        found.append(BatchSummary(batch, sum(number for _, number, _ in own), sum(fen_of.values()), fen_of))
    return found


def get_batch(public_id: str, *, lock: bool = False) -> PayoutBatch:
    """A batch with its lines, or ``NotFound``; ``lock`` when it or a line of it is going to change."""
    query = select(PayoutBatch).filter_by(public_id=public_id).execution_options(populate_existing=True)
    batch = db.session.scalars(query.with_for_update() if lock else query.options(selectinload(PayoutBatch.lines))).first()
    if batch is None:
        raise NotFound("payout_batch_unknown", N_("There is no such batch."))
    return batch


def lock_line(public_id: str) -> PayoutLine:
    """A line, locked behind its batch, or ``NotFound``."""
    batch = db.session.scalar(
        select(PayoutBatch.public_id)
        .join(PayoutLine, PayoutLine.batch_id == PayoutBatch.id)
        .where(PayoutLine.public_id == public_id)
    )
    if batch is None:
        raise NotFound("payout_line_unknown", N_("There is no such line."))
    get_batch(batch, lock=True)
    return db.session.scalars(select(PayoutLine).filter_by(public_id=public_id).execution_options(populate_existing=True)).one()


def lines_of_payee(ledger_code: str, *, limit: int = 20) -> Sequence[PayoutLine]:
    """What was paid out of a ledger account, newest first; what never left the house is no payout."""
    return db.session.scalars(
        select(PayoutLine)
        .where(PayoutLine.ledger_code == ledger_code, PayoutLine.state != LineState.WITHDRAWN)
        .options(joinedload(PayoutLine.batch))
        .order_by(PayoutLine.id.desc())
        .limit(limit)
    ).all()


def line_of_payee(ledger_code: str, public_id: str) -> PayoutLine:
    """One payout out of a ledger account, or ``NotFound``, also for another's and for what never left the house."""
    query = select(PayoutLine).filter_by(ledger_code=ledger_code, public_id=public_id).options(joinedload(PayoutLine.batch))
    line = db.session.scalars(query.where(PayoutLine.state != LineState.WITHDRAWN)).first()
    if line is None:
        raise NotFound("payout_line_unknown", N_("There is no such line."))
    return line


def lines_to_hand_over(batch_public_id: str | None = None, *, limit: int = 500) -> Sequence[str]:
    """Lines of sent batches that nobody has answered for, oldest first; of one batch or of all.

    Of all, a bank's are left out: it has its file, answers by people, and is not asked again and again.
    """
    query = (
        select(PayoutLine.public_id)
        .join(PayoutBatch, PayoutBatch.id == PayoutLine.batch_id)
        .where(
            PayoutBatch.state == BatchState.SENT,
            PayoutLine.state == LineState.WAITING,
        )
    )
    if batch_public_id is not None:
        query = query.where(PayoutBatch.public_id == batch_public_id)
    else:
        query = query.where(PayoutBatch.way != PayoutWay.BANK)
    return db.session.scalars(query.order_by(PayoutLine.id).limit(limit)).all()
