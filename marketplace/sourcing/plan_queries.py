"""Reading plans: who may see which, their parts, and what each village's hub brings together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import joinedload, selectinload

from marketplace.catalogue.models import Producer
from marketplace.delivery.models import Hub
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.regions.queries import within_any
from marketplace.sourcing.models import (
    DeliveryPlace,
    Demand,
    DemandDelivery,
    Plan,
    PlanPart,
    SupplyDeclaration,
    SupplyWeek,
)
from marketplace.sourcing.states import DemandState, PlanPartState

# What a hub gets ready: parts with a yes, until they have been delivered.
TO_BRING = (PlanPartState.ACCEPTED, PlanPartState.ORDERED)


def _whole() -> Select[tuple[Plan]]:
    return select(Plan).options(
        selectinload(Plan.demands).joinedload(Demand.enterprise),
        selectinload(Plan.demands).joinedload(Demand.product),
        selectinload(Plan.demands).joinedload(Demand.category),
        selectinload(Plan.demands).joinedload(Demand.place),
    )


def plans_of_enterprise(enterprise_id: int, *, limit: int = 60) -> Sequence[Plan]:
    """The plans that are of demands of one enterprise alone, newest first."""
    mine, others = Demand.enterprise_id == enterprise_id, Demand.enterprise_id != enterprise_id
    query = _whole().where(Plan.demands.any(mine), ~Plan.demands.any(others))
    return db.session.scalars(query.order_by(Plan.id.desc()).limit(limit)).all()


def plans_within(areas: Sequence[str], *, limit: int = 60) -> Sequence[Plan]:
    """The plans that deliver to these areas, or have sellers in them, newest first."""
    return db.session.scalars(_whole().where(touching(areas)).order_by(Plan.id.desc()).limit(limit)).all()


def touching(areas: Sequence[str]) -> ColumnElement[bool]:
    """The condition that a ``Plan`` delivers to one of these areas or has a seller in one."""
    place = Plan.demands.any(Demand.place.has(within_any(DeliveryPlace.area_code, areas)))
    seller = Plan.parts.any(PlanPart.producer.has(within_any(Producer.area_code, areas)))
    return or_(place, seller)


def plan_within(public_id: str, areas: Sequence[str]) -> Plan:
    """The plan, where it touches these areas; ``NotFound`` else."""
    plan = db.session.scalars(_whole().where(Plan.public_id == public_id, touching(areas))).first()
    if plan is None:
        raise NotFound("plan_unknown", N_("There is no such plan."))
    return plan


def plan_of_enterprise(public_id: str, enterprise_id: int) -> Plan:
    """The plan, where it is of demands of this enterprise alone; ``NotFound`` else."""
    others = Demand.enterprise_id != enterprise_id
    mine = Demand.enterprise_id == enterprise_id
    query = _whole().where(Plan.public_id == public_id, Plan.demands.any(mine), ~Plan.demands.any(others))
    plan = db.session.scalars(query).first()
    if plan is None:
        raise NotFound("plan_unknown", N_("There is no such plan."))
    return plan


def parts_of_plan(plan_id: int) -> Sequence[PlanPart]:
    """The parts of a plan by delivery and size, with seller, goods and delivery."""
    return db.session.scalars(
        select(PlanPart)
        .filter_by(plan_id=plan_id)
        .options(
            joinedload(PlanPart.producer),
            joinedload(PlanPart.delivery).joinedload(DemandDelivery.demand),
            joinedload(PlanPart.week).joinedload(SupplyWeek.declaration).joinedload(SupplyDeclaration.listing),
        )
        .order_by(PlanPart.delivery_id, PlanPart.grams.desc(), PlanPart.id)
    ).all()


def waiting_demands(enterprise_id: int | None = None, *, limit: int = 200) -> Sequence[Demand]:
    """Demands that wait for a plan, of one enterprise or of all, the first to deliver first."""
    query = (
        select(Demand)
        .where(Demand.way == "matching", Demand.state.in_((DemandState.OPEN, DemandState.CHOOSING)))
        .options(selectinload(Demand.deliveries), joinedload(Demand.place), joinedload(Demand.product))
        .options(joinedload(Demand.category), joinedload(Demand.enterprise))
    )
    if enterprise_id is not None:
        query = query.where(Demand.enterprise_id == enterprise_id)
    return db.session.scalars(query.order_by(Demand.answer_by_at, Demand.id).limit(limit)).all()


def demands_named(public_ids: Sequence[str], enterprise_id: int | None = None) -> Sequence[Demand]:
    """These demands, of one enterprise or of all, with deliveries and places; ``NotFound`` when one is missing."""
    query = select(Demand).where(Demand.public_id.in_(set(public_ids))).options(selectinload(Demand.deliveries))
    if enterprise_id is not None:
        query = query.where(Demand.enterprise_id == enterprise_id)
    found = db.session.scalars(query.options(joinedload(Demand.place)).order_by(Demand.id)).all()
    if len(found) != len(set(public_ids)):
        raise NotFound("demand_unknown", N_("There is no such demand."))
    return found


@dataclass(frozen=True)
class Load:
    """What is brought together at a hub for one delivery."""

    delivery: DemandDelivery
    parts: Sequence[PlanPart]

    @property
    def grams(self) -> int:
        """All of it."""
        return sum(part.grams for part in self.parts)


def hub_loads(hub_id: int, today: date) -> list[Load]:
    """What sellers bring to a hub for each delivery that is not over, by day: the list that its keeper ticks off."""
    parts = db.session.scalars(
        select(PlanPart)
        .join(SupplyWeek, SupplyWeek.id == PlanPart.week_id)
        .join(SupplyDeclaration, SupplyDeclaration.id == SupplyWeek.declaration_id)
        .join(DemandDelivery, DemandDelivery.id == PlanPart.delivery_id)
        .where(SupplyDeclaration.hub_id == hub_id, PlanPart.state.in_(TO_BRING), DemandDelivery.closes_on >= today)
        .options(
            joinedload(PlanPart.producer),
            joinedload(PlanPart.delivery).joinedload(DemandDelivery.demand).joinedload(Demand.place),
            joinedload(PlanPart.week).joinedload(SupplyWeek.declaration).joinedload(SupplyDeclaration.listing),
        )
        .order_by(DemandDelivery.opens_on, DemandDelivery.id, PlanPart.producer_id, PlanPart.id)
    ).all()
    deliveries = {part.delivery_id: part.delivery for part in parts}
    return [Load(delivery, [part for part in parts if part.delivery_id == key]) for key, delivery in deliveries.items()]


def hubs_with_loads(today: date) -> list[tuple[Hub, int]]:
    """The hubs that something is brought to, each with how many grams, by name."""
    rows = db.session.execute(
        select(Hub, PlanPart.grams)
        .join(SupplyDeclaration, SupplyDeclaration.hub_id == Hub.id)
        .join(SupplyWeek, SupplyWeek.declaration_id == SupplyDeclaration.id)
        .join(PlanPart, PlanPart.week_id == SupplyWeek.id)
        .join(DemandDelivery, DemandDelivery.id == PlanPart.delivery_id)
        .where(PlanPart.state.in_(TO_BRING), DemandDelivery.closes_on >= today)
    )
    found: dict[int, tuple[Hub, int]] = {}
    for hub, grams in rows:
        found[hub.id] = (hub, found.get(hub.id, (hub, 0))[1] + grams)
    return sorted(found.values(), key=lambda one: (one[0].name_zh, one[0].id))
