"""What a farm has declared and is asked for, and a request for each page and operation about it."""

from datetime import timedelta
from typing import Any

from marketplace.catalogue.models import Listing
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import DemandDelivery, Plan, PlanPart, SupplyDeclaration
from marketplace.sourcing.supplies import SupplyTerms, declare_supply, monday_of
from tests.sourcing.plan_world import buyer, demand

WEEK_G = 50_000


class FarmPlans:
    """Three declarations of a farm's goods, and three parts of a plan that it is asked for."""

    def __init__(self, listing: Listing) -> None:
        self.week = monday_of(local_day(clock.now())) + timedelta(days=7)
        grades = (Grade.FIRST, Grade.SECOND, Grade.SPECIAL)
        declared = [self._declared(listing, grade) for grade in grades]
        self.supplies = [one.public_id for one in declared]
        self.parts = self._asked(declared[0], listing)

    def _declared(self, listing: Listing, grade: Grade) -> SupplyDeclaration:
        with transaction():
            terms = SupplyTerms(grade, 500)
            return declare_supply(listing, terms, {self.week: 4 * WEEK_G}, actor="test", now=clock.now())

    def _asked(self, declared: SupplyDeclaration, listing: Listing) -> list[str]:
        who, enterprise = buyer()
        wanted = demand(who, enterprise, 10, 10, 10, product_id=listing.product_id)
        figures = {"share_asked": 0.0, "share_attained": 0.0, "tilt_price": 0.0, "gap": 0.0, "untilted_share": 0.0}
        sums = {"surplus_fen": 0, "value_fen": 0, "untilted_surplus_fen": 0, "wanted_g": 30_000, "planned_g": 30_000}
        plan = Plan(
            reference=f"PL-{wanted.reference}",
            state="approved",
            policy_version="",
            policy={},
            proved=True,
            in_time=True,
            made_at=clock.now(),
            decided_by_id=who.id,
            decided_at=clock.now(),
            **figures,
            **sums,
        )
        db.session.add(plan)
        db.session.flush()
        parts = [self._part(plan, delivery, declared) for delivery in wanted.deliveries]
        declared.weeks[0].committed_g = 30_000
        db.session.add_all(parts)
        db.session.commit()
        return [part.public_id for part in parts]

    def _part(self, plan: Plan, delivery: DemandDelivery, declared: SupplyDeclaration) -> PlanPart:
        return PlanPart(
            plan_id=plan.id,
            delivery_id=delivery.id,
            week_id=declared.weeks[0].id,
            producer_id=declared.producer_id,
            grams=10_000,
            fen_kg=500,
            benefit_bp=0,
            registry_revision=0,
            state="asked",
            asked_at=clock.now(),
            answer_by_at=clock.now() + timedelta(days=2),
        )

    def harvest(self, listing: Listing, grade: Grade) -> dict[str, Any]:
        """A declaration as a program sends it."""
        weeks = [{"week_on": self.week.isoformat(), "harvest_g": WEEK_G}]
        return {"listing": listing.public_id, "grade": grade.value, "min_price_fen_kg": 500, "weeks": weeks}
