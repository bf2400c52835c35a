"""A canteen in Danzhai, and farms that declare potatoes for it."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from marketplace.catalogue.models import Listing, Producer, Unit
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.db import db, transaction
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import (
    DeliveryPlace,
    Demand,
    DemandDelivery,
    Enterprise,
    EnterpriseMember,
    MemberRole,
    Plan,
    PlanPart,
    SupplyDeclaration,
)
from marketplace.sourcing.planning import approve_plan, propose_plan, work_out
from marketplace.sourcing.states import DemandState, PlanPartState
from marketplace.sourcing.supplies import SupplyTerms, declare_supply
from tests import factories
from tests.factories import NOW

# 15 June 2026 is a Monday.
WEEK = date(2026, 6, 22)
PLACE = "522636100002"
KG = 1000


def buyer(*, role: MemberRole = MemberRole.OWNER) -> tuple[Account, Enterprise]:
    """An enterprise, and the account that acts for it."""
    who = factories.account((RoleKind.ENTERPRISE, ""), name="县一中食堂")
    enterprise = Enterprise(name="县一中食堂", invoice_title="丹寨县第一中学", created_at=NOW)
    limit = 0 if role == MemberRole.RECEIVER else None
    member = EnterpriseMember(enterprise=enterprise, account_id=who.id, role=role, approval_limit_fen=limit, joined_at=NOW)
    db.session.add_all([enterprise, member])
    db.session.commit()
    return who, enterprise


def demand(
    who: Account,
    enterprise: Enterprise,
    *wanted_kg: int,
    ceiling_fen_kg: int = 400,
    place: str = PLACE,
    state: DemandState = DemandState.OPEN,
    **fields: Any,
) -> Demand:
    """A demand for potatoes, each delivery a week after the one before, on its Tuesday."""
    factories.area(place)
    where = DeliveryPlace(
        enterprise_id=enterprise.id, name="食堂", recipient="王师傅", phone="13800000000", area_code=place, address="校内"
    )
    db.session.add(where)
    db.session.flush()
    if "category_id" not in fields:
        fields = {"product_id": potatoes().id, **fields}
    made = Demand(
        reference=f"D{where.id}",
        enterprise_id=enterprise.id,
        place_id=where.id,
        made_by_id=who.id,
        price_ceiling_fen_kg=ceiling_fen_kg,
        kind="recurring" if len(wanted_kg) > 1 else "one_off",
        way="matching",
        state=state,
        answer_by_at=NOW + timedelta(days=5),
        created_at=NOW,
        **fields,
    )
    tuesday = WEEK + timedelta(days=1)
    made.deliveries = [
        DemandDelivery(
            number=number + 1,
            opens_on=tuesday + timedelta(days=7 * number),
            closes_on=tuesday + timedelta(days=7 * number),
            wanted_g=wanted * KG,
        )
        for number, wanted in enumerate(wanted_kg or (100,))
    ]
    db.session.add(made)
    # What a refused act rolls back is what came after this.
    db.session.commit()
    return made


def potatoes() -> Any:
    return factories.product("potato", "土豆", "Potatoes", factories.category("vegetables", "蔬菜", "Vegetables"))


def farm(*, registered: bool = False, village: str = "522636100001", stock: int = 1000) -> Listing:
    """A farm that sells potatoes by the kilogram."""
    seller = factories.producer(village, registered=registered)
    made = factories.listing(seller, potatoes(), unit=Unit.KG, unit_grams=1000, price_fen=300, stock=Decimal(stock))
    db.session.commit()
    return made


def supply(
    of: Listing,
    *week_kg: int,
    price_fen_kg: int = 200,
    grade: Grade = Grade.UNGRADED,
    loss_rate_bp: int = 0,
    least_lot_kg: int = 0,
    weeks: Mapping[date, int] | None = None,
    **more: Any,
) -> SupplyDeclaration:
    """A declaration of so many kilograms in the first week of deliveries and those after it."""
    harvest = weeks or {WEEK + timedelta(days=7 * at): kg * KG for at, kg in enumerate(week_kg)}
    terms = SupplyTerms(grade, price_fen_kg, loss_rate_bp, least_lot_kg * KG)
    with transaction():
        return declare_supply(of, terms, harvest, actor="farmer", now=NOW, **more)


def planned(demands: list[Demand], by: Account, *, share: float | None = None) -> Plan:
    """A plan of these demands, proposed."""
    db.session.flush()
    worked = work_out(demands, now=NOW, share=share)
    with transaction():
        return propose_plan(worked, by=by, now=NOW)


def approved(demands: list[Demand], by: Account, *, share: float | None = None) -> Plan:
    """The same, approved: its sellers are asked."""
    plan = planned(demands, by, share=share)
    with transaction():
        assert approve_plan(plan.public_id, by=by, now=NOW)
    return plan


def grams_of(plan: Plan, *states: PlanPartState) -> dict[int, int]:
    """What each seller brings by a plan, in grams; of parts in these states where any is named."""
    db.session.expire(plan)
    found: dict[int, int] = {}
    for part in plan.parts:
        if not states or part.state in states:
            found[part.producer_id] = found.get(part.producer_id, 0) + part.grams
    return found


def part_of(plan: Plan, seller: Producer | int) -> PlanPart:
    """The only part of a seller."""
    db.session.expire(plan)
    producer_id = seller if isinstance(seller, int) else seller.id
    (part,) = [part for part in plan.parts if part.producer_id == producer_id]
    return part
