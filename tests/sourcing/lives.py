"""A demand's life until its seller says yes, in committed transactions, for tests that cut it off somewhere."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from marketplace.catalogue.models import Listing, Unit
from marketplace.identity.models import Account
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.sourcing.answers import answer_part
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.matching import LIVE
from marketplace.sourcing.models import (
    DeliveryPlace,
    Demand,
    DemandDelivery,
    Enterprise,
    EnterpriseMember,
    Plan,
    PlanPart,
    SupplyWeek,
)
from marketplace.sourcing.plan_queries import plans_of_enterprise, waiting_demands
from marketplace.sourcing.planning import approve_plan, propose_plan, work_out
from marketplace.sourcing.states import PlanPartState, PlanState
from marketplace.sourcing.supplies import SupplyTerms, declare_supply, monday_of
from tests import factories

if TYPE_CHECKING:
    from tests.orders.purchases import Basket

WANTED_G = 50_000


def plan_and_ask(basket: "Basket", double: Any, now: datetime) -> None:
    """The basket's buyer wants potatoes of a farm of their own, has a plan made and approves it; the farm says yes."""
    with transaction():
        _want(basket, now)
    carry_on_planning(basket, now)


def _want(basket: "Basket", now: datetime) -> None:
    enterprise = Enterprise(name=basket.account, invoice_title=basket.account, created_at=now)
    db.session.add(EnterpriseMember(enterprise=enterprise, account_id=basket.account_id, role="owner", joined_at=now))
    place = DeliveryPlace(
        enterprise=enterprise, name="食堂", recipient="王师傅", phone="13800000000", area_code="522636", address="校内"
    )
    db.session.add(place)
    # Goods of this life alone, because all lives share one database.
    kind = factories.product(f"potato-{basket.account}", "土豆", "Potatoes")
    seller = db.session.get_one(Listing, basket.listing_id).producer
    goods = factories.listing(seller, kind, unit=Unit.KG, unit_grams=1000, stock=Decimal(100))
    week = monday_of(local_day(now)) + timedelta(days=7)
    declare_supply(goods, SupplyTerms(Grade.FIRST, 200), {week: 2 * WANTED_G}, actor="farmer", now=now)
    db.session.flush()
    demand = Demand(
        reference=basket.account[:24],
        enterprise_id=enterprise.id,
        place_id=place.id,
        made_by_id=basket.account_id,
        product_id=kind.id,
        price_ceiling_fen_kg=400,
        kind="one_off",
        way="matching",
        state="open",
        answer_by_at=now + timedelta(days=3),
        created_at=now,
    )
    demand.deliveries = [DemandDelivery(number=1, opens_on=week, closes_on=week, wanted_g=WANTED_G)]
    db.session.add(demand)


def carry_on_planning(basket: "Basket", now: datetime) -> None:
    """Do what is left to do, as somebody would who looks at the page again."""
    enterprise = db.session.scalars(select(Enterprise).filter_by(name=basket.account)).one()
    enterprise_id = enterprise.id
    by = db.session.get_one(Account, basket.account_id)
    if not any(plan.state == PlanState.APPROVED for plan in plans_of_enterprise(enterprise_id)):
        # A busy machine may take long to load a solver into a process that was just born.
        worked = work_out(waiting_demands(enterprise_id), now=now, time_limit_s=120.0)
        with transaction():
            public_id = propose_plan(worked, by=by, now=now).public_id
        with transaction():
            approve_plan(public_id, by=by, now=now)
    asked = db.session.execute(
        select(PlanPart.public_id, PlanPart.producer_id)
        .join(Plan, Plan.id == PlanPart.plan_id)
        .where(PlanPart.state == PlanPartState.ASKED, Plan.made_by_id == basket.account_id)
    ).all()
    for public_id, producer_id in asked:
        with transaction():
            answer_part(public_id, producer_id, accept=True, actor="farmer", now=now)


def plan_faults(basket: "Basket") -> list[str]:
    """What is wrong with the plans of a basket's buyer, and with the promises of all weeks."""
    found = []
    states = [plan.state for plan in db.session.scalars(select(Plan).filter_by(made_by_id=basket.account_id))]
    if states.count(PlanState.APPROVED) != 1 or states.count(PlanState.PROPOSED):
        found.append(f"plans are {states}")
    parts = db.session.execute(
        select(PlanPart.state, PlanPart.grams)
        .join(Plan, Plan.id == PlanPart.plan_id)
        .where(Plan.made_by_id == basket.account_id, Plan.state == PlanState.APPROVED)
    ).all()
    if [tuple(part) for part in parts] != [(PlanPartState.ACCEPTED, WANTED_G)]:
        found.append(f"parts are {parts}")
    live = select(func.coalesce(func.sum(PlanPart.grams), 0)).where(PlanPart.week_id == SupplyWeek.id, PlanPart.state.in_(LIVE))
    wrong = db.session.scalar(
        select(func.count()).select_from(SupplyWeek).where(SupplyWeek.committed_g != live.scalar_subquery())
    )
    return [*found, *([f"{wrong} weeks have promised something else than their parts"] if wrong else [])]


LIVES: dict[str, Callable[["Basket", Any, datetime], None]] = {"plan_and_ask": plan_and_ask}
