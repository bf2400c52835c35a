"""When less can be brought, registered households' goods are kept first, then all others in proportion, exactly in grams."""

import random

import pytest
from sqlalchemy.orm import Session

from marketplace.kernel.audit import acts_on
from marketplace.kernel.db import db, transaction
from marketplace.sourcing.answers import answer_part
from marketplace.sourcing.models import SupplyWeek
from marketplace.sourcing.shortfalls import Claim, Why, keep, settle_delivery
from marketplace.sourcing.states import PlanPartState
from marketplace.sourcing.supplies import note_yield, withdraw_supply
from tests.factories import NOW
from tests.sourcing.plan_world import KG, WEEK, approved, buyer, demand, farm, part_of, supply


def test_what_is_kept_sums_to_what_there_is_and_no_registered_gram_goes_before_another() -> None:
    rng = random.Random(3)
    for _ in range(300):
        claims = {key: Claim(rng.randrange(1, 5000), rng.choice([0, 0, 2500, 10_000])) for key in range(rng.randrange(1, 7))}
        whole = sum(claim.grams for claim in claims.values())
        available = rng.randrange(0, whole + 50)
        kept = keep(claims, available)
        assert sum(kept.values()) == min(available, whole)
        assert all(0 <= kept[key] <= claims[key].grams for key in claims)
        registered = sum(claim.registered_g for claim in claims.values())
        if available >= registered:
            assert all(kept[key] >= claims[key].registered_g for key in claims)
        else:
            assert all(kept[key] <= claims[key].registered_g for key in claims)
        others = {key: claim.grams - claim.registered_g for key, claim in claims.items()}
        left = min(max(0, available - registered), sum(others.values()))
        for key, claimed in others.items():
            if available >= registered and sum(others.values()):
                # In proportion, to the gram that a division leaves over.
                assert abs(kept[key] - claims[key].registered_g - left * claimed / sum(others.values())) < 1


def test_less_than_nothing_cannot_be_available() -> None:
    with pytest.raises(ValueError, match="less than nothing"):
        keep({1: Claim(5, 0)}, -1)


def test_a_week_that_yields_less_cuts_its_deliveries_in_proportion_and_keeps_why(session: Session) -> None:
    who, enterprise = buyer()
    declared = supply(farm(), 90)
    near = [demand(who, enterprise, 60), demand(who, enterprise, 30)]
    plan = approved(near, who)
    parts = sorted(plan.parts, key=lambda part: -part.grams)
    assert [part.grams for part in parts] == [60 * KG, 30 * KG]
    with transaction():
        note_yield(declared.public_id, declared.producer_id, WEEK, 45 * KG, actor="farmer", now=NOW)
    db.session.expire_all()

    assert [(part.grams, part.state, part.reason) for part in parts] == [
        (30 * KG, PlanPartState.ASKED, "yield:60000"),
        (15 * KG, PlanPartState.ASKED, "yield:30000"),
    ]
    week = db.session.get_one(SupplyWeek, parts[0].week_id)
    assert (week.grams, week.committed_g) == (45 * KG, 45 * KG)
    (cut,) = [act for act in acts_on("plan_part", parts[0].public_id) if act.verb == "plan_part.cut"]
    assert (cut.data["before_g"], cut.data["kept_g"], cut.data["why"]) == (60 * KG, 30 * KG, "yield")


def test_a_declaration_taken_back_after_a_yes_cuts_what_was_promised_and_says_so(session: Session) -> None:
    who, enterprise = buyer()
    declared = supply(farm(registered=True), 60)
    plan = approved([demand(who, enterprise, 60)], who)
    part = part_of(plan, declared.producer_id)
    with transaction():
        answer_part(part.public_id, declared.producer_id, accept=True, actor="farmer", now=NOW)
    with transaction():
        withdraw_supply(declared.public_id, declared.producer_id, actor="farmer", now=NOW)
    db.session.expire_all()
    assert (part.state, part.grams, part.reason) == (PlanPartState.CUT, 60 * KG, "withdrawn:60000")
    assert part.week.committed_g == 0


def test_where_a_delivery_takes_less_the_registered_household_keeps_its_part(session: Session) -> None:
    who, enterprise = buyer()
    poor, rich, other = farm(registered=True), farm(), farm()
    for goods, kilograms in ((poor, 40), (rich, 60), (other, 20)):
        supply(goods, kilograms)
    wanted = demand(who, enterprise, 120)
    plan = approved([wanted], who)
    with transaction():
        cut = settle_delivery(wanted.deliveries[0].id, 60 * KG, Why.LESS_TAKEN, actor="operator", now=NOW)
    assert {part.producer_id for part in cut} == {rich.producer_id, other.producer_id}
    grams = {part.producer_id: part.grams for part in plan.parts}
    assert grams == {poor.producer_id: 40 * KG, rich.producer_id: 15 * KG, other.producer_id: 5 * KG}
    assert all(part.week.committed_g == part.grams for part in plan.parts)
