"""Moving public money: issued by two persons, allocated down by the office that holds it, given back up.

An office moves what stands in its own area; a county's office also what stands in its townships, villages and projects, whose
books it keeps (``places.steward_of``). Nobody moves money of an area above or below in another's name.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from marketplace.funds.models import Budget, Fund, FundEarmark, FundMove, FundPayment, MoveKind
from marketplace.funds.places import area_of, check_place, is_below, steward_of
from marketplace.funds.purposes import check_purpose, purposes_on
from marketplace.funds.queries import held_fen, lock_earmark
from marketplace.funds.states import FUNDS, Action, FundState
from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import audit, ids
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Forbidden, Invalid
from marketplace.kernel.money import plain_yuan
from marketplace.kernel.steps import step
from marketplace.ledger.earmarks import SOURCE, fund_account
from marketplace.ledger.service import post_transfer
from marketplace.regions.queries import get_area


def keeps_books_of(account: Account, place: str) -> bool:
    """Whether an officer's office moves the money of a place."""
    return steward_of(place) in scopes(account, RoleKind.OFFICER)


def check_keeps_books(account: Account, place: str) -> None:
    """Raise ``Forbidden`` where the officer's office does not."""
    if not keeps_books_of(account, place):
        raise Forbidden("fund_place_not_yours", N_("Only the finance office that holds this money can move it."))


def propose_fund(
    area_code: str,
    budget: Budget,
    document_number: str,
    title: str,
    year: int,
    earmarks_fen: Mapping[str, int],
    *,
    by: Account,
    now: datetime,
) -> Fund:
    """Enter a document's money, which exists when a second person of the office agrees.

    Parameters
    ----------
    area_code : str
        The area whose office was given the money.
    earmarks_fen : mapping of purpose code to int
        How much of it is for each purpose, in fen, more than nothing.

    Raises
    ------
    Invalid
        ``fund_purpose_unknown``, ``fund_purpose_ended`` for one of which nothing can be earmarked today, ``fund_empty``.
    Conflict
        ``fund_document_known`` when the area has entered the document before.
    """
    area = get_area(area_code)
    check_keeps_books(by, area.code)
    _check_earmarks(earmarks_fen, now)
    if not document_number.strip() or not title.strip():
        raise Invalid("fund_document_missing", N_("Please give the document’s number and title."))
    known = select(Fund.id).filter_by(area_code=area.code, document_number=document_number.strip())
    # Two who enter it at once are told apart by the unique constraint.
    if db.session.scalar(known) is not None:
        raise Conflict("fund_document_known", N_("This document has been entered already."))
    fund = Fund(
        document_number=document_number.strip(),
        title=title.strip(),
        year=year,
        budget=budget,
        area_code=area.code,
        proposed_by_id=by.id,
        proposed_at=now,
    )
    fund.earmarks = [FundEarmark(purpose_code=code, amount_fen=fen) for code, fen in sorted(earmarks_fen.items())]
    db.session.add(fund)
    db.session.flush()
    total_fen = sum(earmarks_fen.values())
    audit.record("fund.proposed", "fund", fund.public_id, actor=by.public_id, at=now, area=area.code, total_fen=total_fen)
    step("fund.proposed")
    return fund


def _check_earmarks(earmarks_fen: Mapping[str, int], now: datetime) -> None:
    allowed = {purpose.code for purpose in purposes_on(local_day(now))}
    for code, fen in earmarks_fen.items():
        check_purpose(code)
        if code not in allowed:
            raise Invalid("fund_purpose_ended", N_("No money can be given for %(code)s any more."), code=code)
        if fen <= 0:
            raise Invalid("fund_amount", N_("The amount must be more than nothing."))
    if not earmarks_fen:
        raise Invalid("fund_empty", N_("Please say how much is for which purpose."))


def approve_fund(fund: Fund, *, by: Account, now: datetime) -> bool:
    """Agree to a locked fund as a second person: its money now stands with its office. False when that was done.

    Raises
    ------
    Conflict
        ``second_person_needed`` when the same person has entered it, ``fund_state`` when it was refused.
    """
    check_keeps_books(by, fund.area_code)
    state = FUNDS.next_state(FundState(fund.state), Action.APPROVE)
    if state is None:
        return False
    if by.id == fund.proposed_by_id:
        raise Conflict("second_person_needed", N_("Somebody else than who entered it has to agree."))
    fund.state, fund.decided_by_id, fund.decided_at = state, by.id, now
    db.session.flush()
    for earmark in fund.earmarks:
        given = (fund, earmark.purpose_code, SOURCE, fund.area_code, earmark.amount_fen)
        book_move(MoveKind.ISSUE, *given, fund.document_number, by=by, now=now)
    audit.record("fund.approved", "fund", fund.public_id, actor=by.public_id, at=now)
    step("fund.issued")
    return True


def refuse_fund(fund: Fund, *, by: Account, now: datetime) -> bool:
    """Refuse a locked fund, or take back one's own; False when that was done."""
    check_keeps_books(by, fund.area_code)
    state = FUNDS.next_state(FundState(fund.state), Action.REFUSE)
    if state is None:
        return False
    fund.state, fund.decided_by_id, fund.decided_at = state, by.id, now
    db.session.flush()
    audit.record("fund.refused", "fund", fund.public_id, actor=by.public_id, at=now)
    return True


def allocate(
    fund: Fund,
    purpose_code: str,
    source: str,
    target: str,
    amount_fen: int,
    document_number: str,
    *,
    by: Account,
    now: datetime,
) -> FundMove:
    """Pass money on to an area below or to a project, by the office that holds it.

    Raises
    ------
    Forbidden
        ``fund_place_not_yours``.
    Invalid
        ``fund_not_below``; ``fund_amount``; ``fund_document_missing``; ``fund_purpose_not_given``.
    Conflict
        ``fund_short`` when less is there; ``fund_not_in_force``.
    """
    check_keeps_books(by, source)
    if not is_below(check_place(source), check_place(target)):
        raise Invalid("fund_not_below", N_("Money is passed on to an area below, or to a project."))
    get_area(area_of(target))
    move = move_money(MoveKind.ALLOCATE, fund, purpose_code, source, target, amount_fen, document_number, by=by, now=now)
    _note(move, "fund.allocated", by, now)
    step("fund.allocated")
    return move


def give_back(
    fund: Fund,
    purpose_code: str,
    source: str,
    target: str,
    amount_fen: int,
    document_number: str,
    *,
    by: Account,
    now: datetime,
) -> FundMove:
    """Give money back to an area that passed some on to this place, or from the first office to the budget (``source``).

    Raises
    ------
    Invalid
        ``fund_not_from_there`` when none of it came from there. The others as for ``allocate``.
    """
    check_keeps_books(by, source)
    kind = MoveKind.ISSUE if target == SOURCE else MoveKind.ALLOCATE
    came = select(FundMove.id).filter_by(
        fund_id=fund.id, purpose_code=purpose_code, source=target, target=check_place(source), kind=kind
    )
    if db.session.scalar(came.limit(1)) is None:
        raise Invalid("fund_not_from_there", N_("Money can be given back only to where it came from."))
    move = move_money(MoveKind.RETURN, fund, purpose_code, source, target, amount_fen, document_number, by=by, now=now)
    _note(move, "fund.returned", by, now)
    step("fund.returned")
    return move


def _note(move: FundMove, verb: str, by: Account, now: datetime) -> None:
    said = {"source": move.source, "target": move.target, "amount_fen": move.amount_fen}
    audit.record(verb, "fund_move", move.public_id, actor=by.public_id, at=now, **said)


def move_money(
    kind: MoveKind,
    fund: Fund,
    purpose_code: str,
    source: str,
    target: str,
    amount_fen: int,
    document_number: str,
    *,
    by: Account,
    now: datetime,
    payment: FundPayment | None = None,
) -> FundMove:
    """Move money that stands at a place, after asking whether there is enough; the rights were asked before."""
    if fund.state != FundState.IN_FORCE:
        raise Conflict("fund_not_in_force", N_("This fund has no money: nobody has agreed to it."))
    if amount_fen <= 0:
        raise Invalid("fund_amount", N_("The amount must be more than nothing."))
    if not document_number.strip():
        raise Invalid("fund_document_missing", N_("Please give the document’s number and title."))
    if lock_earmark(fund, purpose_code) is None:
        raise Invalid("fund_purpose_not_given", N_("This fund has no money for that purpose."))
    # The trigger on entries is what is relied on; this asks first to say how much there is.
    there = held_fen(fund, purpose_code, source)
    if amount_fen > there:
        raise Conflict("fund_short", N_("Only %(there)s yuan are there."), there=plain_yuan(there))
    return book_move(
        kind, fund, purpose_code, source, target, amount_fen, document_number.strip(), by=by, now=now, payment=payment
    )


def book_move(
    kind: MoveKind,
    fund: Fund,
    purpose_code: str,
    source: str,
    target: str,
    amount_fen: int,
    document_number: str,
    *,
    by: Account,
    now: datetime,
    payment: FundPayment | None = None,
    reverses: FundMove | None = None,
) -> FundMove:
    """Write a move and the transfer that books it."""
    move = FundMove(
        # The transfer names it, so it has its name before it is written.
        public_id=ids.public_id(),
        kind=kind,
        fund_id=fund.id,
        purpose_code=purpose_code,
        source=source,
        target=target,
        amount_fen=amount_fen,
        document_number=document_number[:60],
        payment_id=None if payment is None else payment.id,
        reverses_id=None if reverses is None else reverses.id,
        by_id=by.id,
        at=now,
    )
    amounts = {
        fund_account(fund.public_id, purpose_code, source): -amount_fen,
        fund_account(fund.public_id, purpose_code, target): amount_fen,
    }
    transfer = post_transfer(
        f"fund_{kind}",
        "fund_move",
        move.public_id,
        amounts,
        at=now,
        reverses_id=None if reverses is None else reverses.transfer_id,
    )
    move.transfer_id = transfer.id
    db.session.add(move)
    db.session.flush()
    return move
