"""Asking the detectors about a county's books, and keeping what they see as a work list for people.

An open finding grows when more of the same is seen; one that a person has decided on stays as it was decided, and what comes
after raises a new one.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from marketplace.funds.detectors import Flow, Kind, Paid, Relative, Sighting, Thresholds, all_sightings
from marketplace.funds.models import (
    BankDay,
    BankItem,
    DeclaredRelative,
    Fund,
    FundFinding,
    FundMove,
    FundPayment,
    HouseholdPayment,
)
from marketplace.funds.places import area_of, steward_of
from marketplace.funds.states import FINDINGS, FindingAction, FindingState
from marketplace.identity.models import Account, Role, RoleKind
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Forbidden, Invalid, NotFound
from marketplace.kernel.steps import step
from marketplace.ledger.earmarks import PAID, SOURCE
from marketplace.regions.models import Level
from marketplace.regions.queries import within
from marketplace.registry import fund_rules
from marketplace.registry.models import Person
from marketplace.registry.reading import unbounded
from marketplace.registry.rules import rule

_WHY = "looking through public money, of which a finding names no household"


def thresholds_on(area_code: str, day: date) -> Thresholds:
    """The rules in force in an area on a day."""
    return Thresholds(**{each.name.partition(".")[2]: rule(each.name, area_code, day).value for each in fund_rules.RULES})


def look_through(area_code: str, *, actor: str, now: datetime) -> int:
    """Ask the detectors about all places of which an office keeps the books; answers how many findings that made."""
    today = local_day(now)
    flows, places = _flows(area_code)
    seen = all_sightings(_paid(area_code), flows, _relatives(), places, today, thresholds_on(area_code, today))
    made = sum(_keep(sighting, now) for sighting in seen)
    db.session.flush()
    audit.record("fund.looked_through", "area", area_code, actor=actor, at=now, seen=len(seen), new=made)
    step("fund.looked_through")
    return made


def _keep(sighting: Sighting, now: datetime) -> bool:
    known = db.session.scalar(select(FundFinding.id).filter_by(kind=sighting.kind, key=sighting.key))
    if known is not None:
        return False
    evidence = {"ids": list(sighting.ids), "why": dict(sighting.why)}
    same = select(FundFinding).filter_by(kind=sighting.kind, state=FindingState.OPEN, area_code=area_of(sighting.place))
    for open_one in db.session.scalars(same.with_for_update()):
        if set(open_one.evidence["ids"]) & set(sighting.ids) and sighting.kind is not Kind.RELATED_OFFICER:
            open_one.key, open_one.evidence, open_one.amount_fen = sighting.key, evidence, sighting.amount_fen
            return False
    db.session.add(
        FundFinding(
            kind=sighting.kind,
            key=sighting.key,
            area_code=area_of(sighting.place),
            amount_fen=sighting.amount_fen,
            evidence=evidence,
            found_at=now,
        )
    )
    db.session.flush()
    return True


def _kept_by(place: InstrumentedAttribute[str], area_code: str) -> ColumnElement[bool]:
    """The condition that an office keeps the books of a place (``places.steward_of``)."""
    if len(area_code) == Level.COUNTY:
        return within(place, area_code)
    return or_(place == area_code, within(place, f"{area_code}-"))


def _paid(area_code: str) -> list[Paid]:
    """The payments out of an area's places that have not come back."""
    decider, orderer = aliased(Account), aliased(Account)
    query = (
        select(
            FundPayment.reference,
            FundPayment.place,
            Fund.public_id,
            FundPayment.purpose_code,
            FundPayment.amount_fen,
            FundMove.at,
            FundPayment.payee_kind,
            HouseholdPayment.household_id,
            FundPayment.organisation_code,
            FundPayment.account_index,
            FundPayment.document_number,
            FundPayment.purpose_kind,
            FundPayment.purpose_id,
            FundPayment.invoice_number,
            FundPayment.invoice_fen,
            Person.id_number_index,
            FundPayment.representative_index,
            Person.left_on,
            Person.left_why,
            orderer.public_id,
            decider.public_id,
        )
        .join(Fund, Fund.id == FundPayment.fund_id)
        .join(FundMove, FundMove.payment_id == FundPayment.id)
        .join(orderer, orderer.id == FundPayment.proposed_by_id)
        .join(decider, decider.id == FundPayment.decided_by_id)
        .outerjoin(HouseholdPayment, HouseholdPayment.payment_id == FundPayment.id)
        .outerjoin(Person, Person.id == HouseholdPayment.person_id)
        .where(FundPayment.state == "paid", _kept_by(FundPayment.place, area_code))
        .order_by(FundMove.id)
    )
    return [_paid_row(*row) for row in db.session.execute(unbounded(query, _WHY))]


def _paid_row(*row: Any) -> Paid:
    (reference, place, fund, purpose, fen, at, kind, household, organisation, account, document, what, which) = row[:13]
    (invoice, invoice_fen, person, representative, left_on, left_why, orderer, decider) = row[13:]
    index = person or representative
    return Paid(
        id=reference,
        place=place,
        fund_purpose=f"{fund}:{purpose}",
        amount_fen=fen,
        paid_on=local_day(at),
        payee=f"household {household}" if kind == "household" else organisation,
        is_household=kind == "household",
        account=account.hex(),
        document=document,
        purpose=f"{what} {which}",
        invoice=invoice,
        invoice_fen=invoice_fen or 0,
        person="" if index is None else index.hex(),
        died_on=left_on if left_why == "died" else None,
        deciders=(orderer, decider),
    )


def _flows(area_code: str) -> tuple[list[Flow], frozenset[str]]:
    """What moved between an office's places and accounts, and those places. Of accounts only digests are known.

    A payment that came back is none: both it and its reversal are left out.
    """
    back = aliased(FundMove)
    query: Select[Any] = (
        select(FundMove, Fund.public_id, FundPayment.account_index, FundPayment.reference, FundPayment.last_four)
        .join(Fund, Fund.id == FundMove.fund_id)
        .outerjoin(FundPayment, FundPayment.id == FundMove.payment_id)
        .outerjoin(back, back.reverses_id == FundMove.id)
        .where(FundMove.reverses_id.is_(None), back.id.is_(None))
        .where(within(FundMove.source, area_code) | within(FundMove.target, area_code))
        .order_by(FundMove.id)
    )
    flows, places, accounts = [], set[str](), dict[str, str]()
    for move, fund, account, reference, last_four in db.session.execute(query):
        target = move.target
        if account is not None:
            target = account.hex()
            accounts[last_four] = target if accounts.get(last_four, target) == target else ""
        flows.append(
            Flow(
                reference or move.public_id,
                f"{fund}:{move.purpose_code}",
                move.source,
                target,
                move.amount_fen,
                local_day(move.at),
            )
        )
        places |= {
            place for place in (move.source, move.target) if place not in (SOURCE, PAID) and steward_of(place) == area_code
        }
    return [*flows, *_came_in(area_code, accounts)], frozenset(places)


def _came_in(area_code: str, accounts: dict[str, str]) -> list[Flow]:
    """What banks say came in that the books do not know, from accounts whose four figures are those of one payee alone."""
    query = (
        select(BankItem.id, BankItem.amount_fen, BankItem.last_four, BankDay.area_code, BankDay.day)
        .join(BankDay, BankDay.id == BankItem.bank_day_id)
        .where(BankItem.side == "bank", BankItem.amount_fen > 0, BankItem.last_four != "")
        .where(BankDay.area_code == area_code)
    )
    return [
        Flow(f"bank {id}", "", accounts[last_four], place, fen, day)
        for id, fen, last_four, place, day in db.session.execute(query)
        if accounts.get(last_four)
    ]


def _relatives() -> list[Relative]:
    query = (
        select(Account.public_id, DeclaredRelative.number_index, Role.scope_code)
        .join(DeclaredRelative, DeclaredRelative.officer_id == Account.id)
        .outerjoin(Role, (Role.account_id == Account.id) & (Role.kind == RoleKind.OFFICER))
        .order_by(DeclaredRelative.id)
    )
    areas: dict[tuple[str, str], list[str]] = {}
    for officer, index, scope in db.session.execute(query):
        areas.setdefault((officer, index.hex()), []).extend([scope] if scope else [])
    return [Relative(officer, index, tuple(own)) for (officer, index), own in areas.items()]


def findings_within(area_code: str, *, state: str | None = None, limit: int = 200) -> Sequence[FundFinding]:
    """Findings of an area, open ones first, then by amount."""
    query = select(FundFinding).where(within(FundFinding.area_code, area_code))
    if state is not None:
        query = query.filter_by(state=state)
    order = (FundFinding.state != FindingState.OPEN, FundFinding.amount_fen.desc(), FundFinding.id)
    return db.session.scalars(query.order_by(*order).limit(limit)).all()


def get_finding(public_id: str, *, lock: bool = False) -> FundFinding:
    """A finding, or ``NotFound``."""
    query = select(FundFinding).filter_by(public_id=public_id).execution_options(populate_existing=True)
    found = db.session.scalars(query.with_for_update() if lock else query).first()
    if found is None:
        raise NotFound("fund_finding_unknown", N_("There is no such finding."))
    return found


def evidence_of(finding: FundFinding) -> Sequence[FundPayment]:
    """The payments that a finding names."""
    query = select(FundPayment).where(FundPayment.reference.in_(finding.evidence["ids"])).order_by(FundPayment.id)
    return db.session.scalars(query).all()


def moves_of_finding(finding: FundFinding) -> Sequence[FundMove]:
    """The moves between places that a finding names."""
    query = select(FundMove).where(FundMove.public_id.in_(finding.evidence["ids"])).order_by(FundMove.id)
    return db.session.scalars(query).all()


def fund_of_finding(finding: FundFinding) -> Fund | None:
    """The fund of money that lies idle; None for a finding about payments."""
    if finding.kind != Kind.IDLE:
        return None
    name = finding.evidence["ids"][0].partition(":")[0]
    return db.session.scalars(select(Fund).filter_by(public_id=name)).first()


def decide_finding(finding: FundFinding, action: FindingAction, words: str, *, by: Account, now: datetime) -> bool:
    """Say what a locked finding is, in words: explained, or handed on to those who investigate. False when that was said.

    It changes no payment and no status of anybody.

    Raises
    ------
    Invalid
        ``fund_reason`` without words.
    Forbidden
        ``finding_about_you`` to an officer whom it is about or whose own payment it names.
    """
    state = FINDINGS.next_state(FindingState(finding.state), action)
    if state is None:
        return False
    if not words.strip():
        raise Invalid("fund_reason", N_("Please say why."))
    payments = evidence_of(finding)
    if by.public_id in finding.evidence["ids"] or any(by.id in (one.proposed_by_id, one.decided_by_id) for one in payments):
        raise Forbidden("finding_about_you", N_("Somebody who had no part in it has to look at this."))
    finding.state, finding.decided_by_id, finding.decided_at, finding.words = state, by.id, now, words.strip()[:400]
    db.session.flush()
    audit.record(f"fund.finding_{action}", "fund_finding", finding.public_id, actor=by.public_id, at=now)
    return True


def declare_relative(relation: str, number_index: bytes, *, by: Account, now: datetime) -> None:
    """An officer declares a relative, by the keyed digest of the card's number; once is enough."""
    known = select(DeclaredRelative.id).filter_by(officer_id=by.id, number_index=number_index)
    if db.session.scalar(known) is None:
        db.session.add(DeclaredRelative(officer_id=by.id, relation=relation, number_index=number_index, declared_at=now))
        db.session.flush()
        audit.record("fund.relative_declared", "account", by.public_id, actor=by.public_id, at=now, relation=relation)


def offices_with_money() -> list[str]:
    """The areas whose offices keep the books of places where public money has stood."""
    rows = db.session.scalars(select(FundMove.target).where(FundMove.target.not_in((SOURCE, PAID))).distinct())
    return sorted({steward_of(place) for place in rows})
