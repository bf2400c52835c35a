"""Demands: written, published, closed, taken back; and what of the clock's."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from marketplace.catalogue.models import Category, CertificateKind, Product
from marketplace.kernel import audit, ids
from marketplace.kernel.clock import day_start, local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Conflict, Invalid, NotFound
from marketplace.kernel.privacy import new_record_key
from marketplace.regions.models import Area
from marketplace.sourcing.enterprises import LARGEST_PRICE_FEN, get_place
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import Demand, DemandDelivery, DemandKind, DemandWay, EnterpriseMember, Quote, Tender
from marketplace.sourcing.states import (
    DEMANDS,
    QUOTES,
    TENDERS,
    TIME_TO_CHOOSE,
    DemandAction,
    DemandState,
    QuoteAction,
    QuoteState,
    TenderAction,
    TenderState,
)

CLOCK = "time limit"
MOST_DELIVERIES = 60
LARGEST_GRAMS = 1_000_000_000
# A farm is asked early enough to look at its field before it answers.
SHORTEST_TIME_TO_ANSWER = timedelta(hours=1)


@dataclass(frozen=True)
class Window:
    """The days on which a delivery may come, both included, and how much is wanted, in grams."""

    opens_on: date
    closes_on: date
    wanted_g: int


@dataclass(frozen=True)
class DemandGiven:
    """What an enterprise says it wants; goods are a product or a category, by slug."""

    place: str
    goods: str
    windows: Sequence[Window]
    price_ceiling_fen_kg: int
    way: DemandWay
    answer_by_at: datetime
    by_category: bool = False
    grade: Grade = Grade.UNGRADED
    tolerance_bp: int = 0
    certificate_kinds: Sequence[CertificateKind] = field(default_factory=tuple)
    origin_code: str = ""
    kind: DemandKind = DemandKind.ONE_OFF
    most_households: int | None = None
    budget_reserved: bool = False
    words: str = ""


def make_demand(buyer: EnterpriseMember, given: DemandGiven, *, now: datetime) -> Demand:
    """Write a demand down; nobody sees it before it is published.

    Raises
    ------
    Invalid
        ``goods_unknown``, ``place_closed``, ``origin_unknown``, ``price_range``, ``no_delivery``, ``too_many_deliveries``,
        ``grams_range``, ``window_in_order``, ``window_past``, ``answer_after_delivery``, ``answer_too_soon``,
        ``tolerance_range``, ``households_range``, ``one_off_once``.
    """
    place = get_place(buyer.enterprise_id, given.place)
    if place.closed_at is not None:
        raise Invalid("place_closed", N_("This place is no longer in use. Please choose another."))
    _check(given, now)
    product_id, category_id = _goods(given)
    demand = Demand(
        reference=ids.reference("D", local_day(now)),
        enterprise_id=buyer.enterprise_id,
        place_id=place.id,
        made_by_id=buyer.account_id,
        product_id=product_id,
        category_id=category_id,
        grade=given.grade,
        price_ceiling_fen_kg=given.price_ceiling_fen_kg,
        tolerance_bp=given.tolerance_bp,
        certificate_kinds=sorted(set(given.certificate_kinds)),
        origin_code=given.origin_code,
        kind=given.kind,
        way=given.way,
        state=DemandState.DRAFT,
        most_households=given.most_households,
        budget_reserved=given.budget_reserved,
        words=given.words.strip(),
        answer_by_at=given.answer_by_at,
        created_at=now,
        deliveries=[
            DemandDelivery(number=number, opens_on=one.opens_on, closes_on=one.closes_on, wanted_g=one.wanted_g)
            for number, one in enumerate(sorted(given.windows, key=lambda one: (one.opens_on, one.closes_on)), 1)
        ],
    )
    db.session.add(demand)
    db.session.flush()
    audit.record("demand.made", "demand", demand.public_id, actor=buyer.account.public_id, at=now)
    return demand


def weekly(first: Window, times: int) -> list[Window]:
    """The windows of a delivery that comes again each week.

    >>> [one.opens_on.isoformat() for one in weekly(Window(date(2026, 12, 1), date(2026, 12, 1), 5), 2)]
    ['2026-12-01', '2026-12-08']
    """
    shifts = [timedelta(weeks=week) for week in range(times)]
    return [Window(first.opens_on + shift, first.closes_on + shift, first.wanted_g) for shift in shifts]


def _goods(given: DemandGiven) -> tuple[int | None, int | None]:
    table = Category if given.by_category else Product
    found = db.session.scalar(select(table.id).filter_by(slug=given.goods))
    if found is None:
        raise Invalid("goods_unknown", N_("Please choose the goods from the list."))
    return (None, found) if given.by_category else (found, None)


def _check(given: DemandGiven, now: datetime) -> None:
    """Refuse what cannot be meant, each with its own words."""
    if not 1 <= given.price_ceiling_fen_kg <= LARGEST_PRICE_FEN:
        raise Invalid("price_range", N_("A price is more than nothing and at most 1,000,000 yuan a kilogram."))
    if not 0 <= given.tolerance_bp <= 5_000:
        raise Invalid("tolerance_range", N_("A tolerance is between 0 and 50 per cent."))
    if given.most_households is not None and not 1 <= given.most_households <= 10_000:
        raise Invalid("households_range", N_("Please give a number of households between 1 and 10,000, or none."))
    if given.origin_code and db.session.get(Area, given.origin_code) is None:
        raise Invalid("origin_unknown", N_("There is no such area."))
    if not given.windows:
        raise Invalid("no_delivery", N_("Please give one delivery at least."))
    if len(given.windows) > MOST_DELIVERIES:
        raise Invalid("too_many_deliveries", N_("A demand has at most %(most)s deliveries."), most=MOST_DELIVERIES)
    if given.kind is DemandKind.ONE_OFF and len(given.windows) > 1:
        raise Invalid("one_off_once", N_("What is wanted once has one delivery. Please choose a recurring demand."))
    for window in given.windows:
        _check_window(window, local_day(now))
    if given.answer_by_at < now + SHORTEST_TIME_TO_ANSWER:
        raise Invalid("answer_too_soon", N_("Please give farms an hour at least to answer."))
    if given.answer_by_at > day_start(min(window.opens_on for window in given.windows)):
        raise Invalid("answer_after_delivery", N_("Answers have to come before the first day of delivery."))


def _check_window(window: Window, today: date) -> None:
    if not 1 <= window.wanted_g <= LARGEST_GRAMS:
        raise Invalid("grams_range", N_("A delivery is more than nothing and at most 1,000 tonnes."))
    if window.closes_on < window.opens_on:
        raise Invalid("window_in_order", N_("The last day cannot be before the first."))
    if window.opens_on < today:
        raise Invalid("window_past", N_("These days are over. Please choose days to come."))
    if window.closes_on > today + timedelta(days=730):
        raise Invalid("window_far", N_("Nobody can promise goods for so far ahead. Please choose days within two years."))


def get_demand(public_id: str, *, enterprise_id: int | None = None, lock: bool = False) -> Demand:
    """A demand, of an enterprise's own where one is named, or ``NotFound``."""
    query = select(Demand).filter_by(public_id=public_id).options(selectinload(Demand.deliveries))
    if lock:
        query = query.with_for_update(of=Demand).execution_options(populate_existing=True)
    demand = db.session.scalars(query).first()
    if demand is None or (enterprise_id is not None and demand.enterprise_id != enterprise_id):
        raise NotFound("demand_unknown", N_("There is no such demand."))
    return demand


def move(demand: Demand, action: DemandAction, *, actor: str, now: datetime) -> bool:
    """Move a locked demand along, with its deadline; False when that was done already."""
    state = DEMANDS.next_state(DemandState(demand.state), action)
    if state is None:
        return False
    demand.state = state
    demand.due_at = {DemandState.OPEN: demand.answer_by_at, DemandState.CHOOSING: now + TIME_TO_CHOOSE}.get(state)
    db.session.flush()
    audit.record(f"demand.{state}", "demand", demand.public_id, actor=actor, at=now)
    return True


def publish(buyer: EnterpriseMember, public_id: str, *, now: datetime) -> Demand:
    """Let farms see a demand and answer it; a tender gets the key that its bids are sealed with."""
    demand = get_demand(public_id, enterprise_id=buyer.enterprise_id, lock=True)
    if demand.state == DemandState.DRAFT and demand.answer_by_at <= now:
        raise Conflict("answer_time_over", N_("The time for answers is over before it began. Please write the demand anew."))
    if move(demand, DemandAction.PUBLISH, actor=buyer.account.public_id, now=now) and demand.way == DemandWay.TENDER:
        db.session.add(Tender(demand_id=demand.id, bid_key=new_record_key(), opens_at=demand.answer_by_at))
        db.session.flush()
    return demand


def close(buyer: EnterpriseMember, public_id: str, *, now: datetime) -> Demand:
    """End the time for answers early. A tender's has to run: whoever bids late was told until when."""
    demand = get_demand(public_id, enterprise_id=buyer.enterprise_id, lock=True)
    if demand.state == DemandState.OPEN and demand.way == DemandWay.TENDER:
        raise Conflict("tender_runs", N_("A tender takes bids until the time it has named."))
    move(demand, DemandAction.CLOSE, actor=buyer.account.public_id, now=now)
    return demand


def withdraw(buyer: EnterpriseMember, public_id: str, *, now: datetime) -> Demand:
    """Take a demand back before there is a contract; whoever has answered is free again."""
    demand = get_demand(public_id, enterprise_id=buyer.enterprise_id, lock=True)
    if move(demand, DemandAction.WITHDRAW, actor=buyer.account.public_id, now=now):
        end_answers(demand, now=now)
    return demand


def move_by_clock(demand: Demand, *, now: datetime) -> bool:
    """What the clock does with a locked demand whose time is over: close it for answers, or end what nobody has chosen."""
    if demand.due_at is None or demand.due_at > now:
        return False
    if demand.state == DemandState.OPEN:
        return move(demand, DemandAction.CLOSE, actor=CLOCK, now=now)
    if demand.state == DemandState.CHOOSING:
        end_answers(demand, now=now)
        return move(demand, DemandAction.LAPSE, actor=CLOCK, now=now)
    return False


def end_answers(demand: Demand, *, now: datetime) -> None:
    """Let go of all answers to a demand that comes to nothing."""
    talking = select(Quote).where(Quote.demand_id == demand.id, Quote.state.in_((QuoteState.OFFERED, QuoteState.COUNTERED)))
    for quote in db.session.scalars(talking.order_by(Quote.id).with_for_update()):
        quote.state = QUOTES.next_state(QuoteState(quote.state), QuoteAction.LAPSE) or quote.state
        quote.due_at = None
    tender = db.session.scalars(select(Tender).filter_by(demand_id=demand.id).with_for_update()).first()
    if tender is not None and tender.state not in (TenderState.VOID, TenderState.DECIDED):
        tender.state = TENDERS.next_state(TenderState(tender.state), TenderAction.VOID) or tender.state
    db.session.flush()
