"""Reading funds: where their money stands, from a payment up to its source, from a source down to its leaves."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select

from marketplace.funds.models import Fund, FundEarmark, FundMove, FundPayment, MoveKind
from marketplace.funds.states import FundState
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.ledger.earmarks import PAID, SOURCE, fund_account, fund_prefix, parts_of
from marketplace.ledger.queries import balance_fen, balances_under
from marketplace.regions.queries import within, within_any


@dataclass(frozen=True)
class Standing:
    """How much of a fund's money for one purpose stands at a place, in fen."""

    fund: str
    purpose_code: str
    place: str
    balance_fen: int


@dataclass(frozen=True)
class Totals:
    """Of one purpose of a fund, in fen: what left the source, what was paid and what stands at places, which give the first."""

    issued_fen: int
    paid_fen: int
    standing_fen: int


def funds_within(areas: Collection[str]) -> Sequence[Fund]:
    """The funds that concern some areas, newest first: given to an office there, or with money that came there."""
    came = select(FundMove.fund_id).where(within_any(FundMove.target, areas))
    given = within_any(Fund.area_code, areas)
    return db.session.scalars(select(Fund).where(given | Fund.id.in_(came)).order_by(Fund.year.desc(), Fund.id.desc())).all()


def get_fund(public_id: str, *, lock: bool = False) -> Fund:
    """A fund, or ``NotFound``; ``lock`` when it is going to be decided on."""
    query = select(Fund).filter_by(public_id=public_id).execution_options(populate_existing=True)
    found = db.session.scalars(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound("fund_unknown", N_("There is no such fund."))
    return found


def get_payment(public_id: str, *, lock: bool = False) -> FundPayment:
    """A payment, or ``NotFound``; ``lock`` when it is going to be changed."""
    query = select(FundPayment).filter_by(public_id=public_id).execution_options(populate_existing=True)
    found = db.session.scalars(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound("fund_payment_unknown", N_("There is no such payment."))
    return found


def fund_of(payment: FundPayment | FundMove) -> Fund:
    """The fund whose money a payment or a move is."""
    return db.session.get_one(Fund, payment.fund_id)


def funds_by_id(ids: Iterable[int]) -> dict[int, Fund]:
    """Funds by their ids."""
    return {fund.id: fund for fund in db.session.scalars(select(Fund).where(Fund.id.in_(set(ids))))}


def held_fen(fund: Fund, purpose_code: str, place: str) -> int:
    """What stands at a place of one purpose of a fund."""
    return balance_fen(fund_account(fund.public_id, purpose_code, place))


def standings(funds: Iterable[Fund], *, area_code: str = "") -> list[Standing]:
    """Where the money of some funds stands, at the places within an area, by fund, purpose and place; empty places left out."""
    rows = [(*parts_of(code), fen) for code, fen in balances_under(*(fund_prefix(fund.public_id) for fund in funds)) if fen]
    return [
        Standing(fund, purpose, place, fen)
        for fund, purpose, place, fen in rows
        if place not in (SOURCE, PAID) and place.startswith(area_code)
    ]


def totals(fund: Fund) -> dict[str, Totals]:
    """What became of a fund's money, by purpose, off the ledger alone."""
    return totals_of([fund])[fund.public_id]


def totals_of(funds: Sequence[Fund]) -> dict[str, dict[str, Totals]]:
    """The same for many funds in one statement, by their public ids."""
    found = {fund.public_id: {earmark.purpose_code: [0, 0, 0] for earmark in fund.earmarks} for fund in funds}
    for code, fen in balances_under(*(fund_prefix(fund.public_id) for fund in funds)):
        name, purpose, place = parts_of(code)
        found[name][purpose][{SOURCE: 0, PAID: 1}.get(place, 2)] += -fen if place == SOURCE else fen
    return {name: {purpose: Totals(*sums) for purpose, sums in own.items()} for name, own in found.items()}


def moves_of(fund: Fund, purpose_code: str | None = None) -> Sequence[FundMove]:
    """The moves of a fund, or of one purpose of it, in their order."""
    query = select(FundMove).filter_by(fund_id=fund.id).order_by(FundMove.id)
    return db.session.scalars(query if purpose_code is None else query.filter_by(purpose_code=purpose_code)).all()


def way_up(payment: FundPayment) -> list[FundMove]:
    """The moves by which money for a payment came down to its place, from the issue on, as they were before it was booked.

    Money of one purpose at one place cannot be told apart, so every move that fed a place on the way is named.
    """
    booked = select(FundMove.id).filter_by(payment_id=payment.id).scalar_subquery()
    query = (
        select(FundMove)
        .where(FundMove.fund_id == payment.fund_id, FundMove.purpose_code == payment.purpose_code)
        .where(FundMove.kind.in_((MoveKind.ISSUE, MoveKind.ALLOCATE)), FundMove.id < func.coalesce(booked, 2**62))
        .order_by(FundMove.id.desc())
    )
    fed, found = {payment.place}, []
    for move in db.session.scalars(query):
        if move.target in fed:
            fed.add(move.source)
            found.append(move)
    # What came down to a place above after it had fed the place below is not of this payment's money.
    return found[::-1]


def leaves(fund: Fund, purpose_code: str | None = None) -> Sequence[FundPayment]:
    """The payments that a fund's money has ended in, in the order in which they were booked."""
    query = (
        select(FundPayment)
        .join(FundMove, FundMove.payment_id == FundPayment.id)
        .where(FundPayment.fund_id == fund.id, FundPayment.state == "paid")
        .order_by(FundMove.id)
    )
    return db.session.scalars(query if purpose_code is None else query.where(FundPayment.purpose_code == purpose_code)).all()


def payments_within(area_code: str, *, state: str | None = None, limit: int = 100) -> Sequence[FundPayment]:
    """Payments out of places within an area, newest first."""
    query: Select[tuple[FundPayment]] = select(FundPayment).where(within(FundPayment.place, area_code))
    if state is not None:
        query = query.where(FundPayment.state == state)
    return db.session.scalars(query.order_by(FundPayment.id.desc()).limit(limit)).all()


def paid_by_purpose(purpose_kind: str, purpose_ids: Iterable[str]) -> dict[str, int]:
    """What public money has been paid for things of a kind and has not come back, in fen; one without a payment is absent."""
    query = (
        select(FundPayment.purpose_id, func.sum(FundPayment.amount_fen))
        .where(FundPayment.purpose_kind == purpose_kind, FundPayment.state == "paid")
        .where(FundPayment.purpose_id.in_(list(purpose_ids)))
        .group_by(FundPayment.purpose_id)
    )
    return {purpose_id: int(fen) for purpose_id, fen in db.session.execute(query)}


@dataclass(frozen=True)
class PublicTotal:
    """What anybody may know of a fund: its document and, by purpose, what became of its money."""

    fund: Fund
    totals: dict[str, Totals]


def public_totals(*, limit: int = 200) -> list[PublicTotal]:
    """Every fund in force with its totals, newest first."""
    query = select(Fund).filter_by(state=FundState.IN_FORCE).order_by(Fund.year.desc(), Fund.id.desc()).limit(limit)
    funds = db.session.scalars(query).all()
    sums = totals_of(funds)
    return [PublicTotal(fund, sums[fund.public_id]) for fund in funds]


def lock_earmark(fund: Fund, purpose_code: str) -> FundEarmark | None:
    """The earmark, locked: who moves money of it does so one after the other."""
    query = select(FundEarmark).filter_by(fund_id=fund.id, purpose_code=purpose_code)
    return db.session.scalars(query.with_for_update().execution_options(populate_existing=True)).first()


def ledger_faults() -> list[str]:
    """Where moves, payments and ledger do not agree; empty always, because the database refuses what could make them differ."""
    faults = []
    for fund in db.session.scalars(select(Fund).order_by(Fund.id)).all():
        for purpose, sums in totals(fund).items():
            of = f"fund {fund.public_id}, {purpose}"
            if sums.paid_fen + sums.standing_fen != sums.issued_fen:
                faults.append(f"{of}: {sums.paid_fen} paid and {sums.standing_fen} standing are not {sums.issued_fen} issued")
            paid = sum(payment.amount_fen for payment in leaves(fund, purpose))
            if paid != sums.paid_fen:
                faults.append(f"{of}: payments of {paid} fen, and {sums.paid_fen} paid in the ledger")
            moved: dict[str, int] = {}
            for move in moves_of(fund, purpose):
                moved[move.source] = moved.get(move.source, 0) - move.amount_fen
                moved[move.target] = moved.get(move.target, 0) + move.amount_fen
            for place, fen in sorted(moved.items()):
                if held_fen(fund, purpose, place) != fen:
                    faults.append(f"{of}: moves leave {fen} fen at {place}, the ledger {held_fen(fund, purpose, place)}")
    return faults
