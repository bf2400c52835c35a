"""A plan serves what is missing with the policy's share, is decided by a person, and never promises anything twice."""

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Producer
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Forbidden, Invalid
from marketplace.registry.models import HouseholdStatus, RegistryRevision
from marketplace.sourcing.answers import answer_part, lapse_parts
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import MemberRole
from marketplace.sourcing.planning import approve_plan, get_plan, propose_plan, reject_plan, work_out
from marketplace.sourcing.states import DemandState, PlanPartState, PlanState
from marketplace.sourcing.supplies import withdraw_supply
from tests import factories
from tests.factories import NOW, TODAY
from tests.sourcing.plan_world import KG, WEEK, approved, buyer, demand, farm, grams_of, part_of, planned, supply


def test_the_cheaper_farm_serves_where_no_policy_holds_and_nothing_is_promised_before_approval(session: Session) -> None:
    who, enterprise = buyer()
    cheap, dear = farm(), farm()
    supply(cheap, 80, price_fen_kg=200)
    supply(dear, 80, price_fen_kg=300)
    plan = planned([demand(who, enterprise, 100)], who)

    assert grams_of(plan) == {cheap.producer_id: 80 * KG, dear.producer_id: 20 * KG}
    assert (plan.share_asked, plan.share_attained, plan.planned_g, plan.wanted_g) == (0.0, 0.0, 100 * KG, 100 * KG)
    assert plan.value_fen == 80 * 200 + 20 * 300
    assert plan.proved and plan.in_time and plan.unmet == {}
    assert {part.week.committed_g for part in plan.parts} == {0}


def test_the_policy_in_force_sets_the_share_and_the_curve_says_what_it_costs(session: Session) -> None:
    factories.policy("522636", exposure_share=0.3)
    who, enterprise = buyer()
    rich, poor = farm(), farm(registered=True)
    supply(rich, 100, price_fen_kg=200)
    supply(poor, 100, price_fen_kg=300)
    plan = planned([demand(who, enterprise, 100)], who)

    # 30 per cent of the value at 3 yuan against 2 yuan: 22.222 kg, which cost a yuan more each, less nothing for spread.
    registered = grams_of(plan)[poor.producer_id]
    assert plan.share_asked == 0.3
    assert plan.share_attained == pytest.approx(0.3, abs=1e-4) or plan.share_attained > 0.3
    assert registered * 300 / (registered * 300 + (100 * KG - registered) * 200) == pytest.approx(plan.share_attained, abs=1e-4)
    assert all(later["share"] > earlier["share"] for earlier, later in pairwise(plan.curve))
    assert all(later["cost_fen_kg"] > earlier["cost_fen_kg"] for earlier, later in pairwise(plan.curve))
    assert [point["chosen"] for point in plan.curve].count(True) == 1
    assert plan.curve[0]["cost_fen_kg"] == 0


def test_a_person_may_ask_for_more_than_the_policy_and_what_cannot_be_had_is_said(session: Session) -> None:
    who, enterprise = buyer()
    rich, poor = farm(), farm(registered=True)
    supply(rich, 100)
    supply(poor, 25)
    plan = planned([demand(who, enterprise, 100)], who, share=0.8)
    assert plan.share_asked == 0.8
    assert plan.share_attainable == pytest.approx(25 / 100, abs=2e-3)
    assert plan.share_attained == pytest.approx(plan.share_attainable, abs=1e-6)


def test_goods_of_another_grade_week_price_origin_or_certificate_are_not_taken_and_the_plan_says_what_would_help(
    session: Session,
) -> None:
    who, enterprise = buyer()
    supply(farm(), 500, price_fen_kg=420)
    supply(farm(), 300, grade=Grade.SECOND)
    supply(farm(), weeks={WEEK + timedelta(days=7): 200 * KG}, grade=Grade.FIRST)
    supply(farm(village="522636101001"), 100, grade=Grade.FIRST)
    wanted = demand(who, enterprise, 50, grade=Grade.FIRST, origin_code="522636100")
    plan = planned([wanted], who)

    assert plan.parts == []
    found = plan.unmet[wanted.deliveries[0].public_id]
    assert (found["grams"], found["reason"]) == (50 * KG, "no_supply")
    assert [(one["constraint"], one["alone_g"]) for one in found["failing"]][:3] == [
        ("grade", 300 * KG),
        ("window", 200 * KG),
        ("origin", 100 * KG),
    ]
    assert {tuple(one["loosened"].items()) for one in found["enough"]} == {
        (("grade", 1.0),),
        (("window", 6.0),),
        (("origin", 1.0),),
    }
    with pytest.raises(Conflict) as refused, transaction():
        approve_plan(plan.public_id, by=who, now=NOW)
    assert refused.value.code == "plan_empty"


def test_with_no_supply_at_all_the_plan_is_empty_and_says_so(session: Session) -> None:
    who, enterprise = buyer()
    wanted = demand(who, enterprise, 50)
    plan = planned([wanted], who)
    assert plan.unmet == {
        wanted.deliveries[0].public_id: {"grams": 50 * KG, "reason": "no_supply", "failing": [], "nearest": [], "enough": []}
    }


def test_approval_asks_the_sellers_promises_the_weeks_and_happens_once(session: Session) -> None:
    who, enterprise = buyer()
    goods = farm()
    supply(goods, 80)
    wanted = demand(who, enterprise, 60)
    plan = approved([wanted], who)
    part = part_of(plan, goods.producer_id)

    assert (part.state, part.week.committed_g, plan.decided_by_id) == (PlanPartState.ASKED, 60 * KG, who.id)
    assert part.answer_by_at is not None and part.answer_by_at > NOW
    assert wanted.state == DemandState.CHOOSING
    with transaction():
        assert not approve_plan(plan.public_id, by=who, now=NOW)
    assert part.week.committed_g == 60 * KG


def test_who_only_receives_goods_or_buys_for_others_decides_on_nothing(session: Session) -> None:
    who, enterprise = buyer()
    receiver, _ = buyer(role=MemberRole.RECEIVER)
    stranger, _ = buyer()
    supply(farm(), 80)
    plan = planned([demand(who, enterprise, 60)], who)
    for somebody in (receiver, stranger):
        for act in (approve_plan, reject_plan):
            with pytest.raises(Forbidden), transaction():
                act(plan.public_id, by=somebody, now=NOW)
    assert plan.state == PlanState.PROPOSED


def test_a_no_frees_the_grams_and_the_next_plan_keeps_every_yes_and_asks_nobody_twice(session: Session) -> None:
    who, enterprise = buyer()
    yes, no, new = farm(), farm(), farm()
    supply(yes, 60, price_fen_kg=200)
    supply(no, 60, price_fen_kg=210)
    supply(new, 60, price_fen_kg=300)
    wanted = demand(who, enterprise, 100)
    first = approved([wanted], who)
    refused = part_of(first, no.producer_id)
    with transaction():
        assert answer_part(part_of(first, yes.producer_id).public_id, yes.producer_id, accept=True, actor="a", now=NOW)
        assert answer_part(refused.public_id, no.producer_id, accept=False, actor="b", now=NOW)
    with transaction():
        assert not answer_part(refused.public_id, no.producer_id, accept=False, actor="b", now=NOW)
    assert (refused.state, refused.week.committed_g) == (PlanPartState.DECLINED, 0)

    second = approved([wanted], who)
    db.session.expire_all()
    assert first.state == PlanState.SUPERSEDED
    assert grams_of(second, PlanPartState.ACCEPTED) == {yes.producer_id: 60 * KG}
    assert grams_of(second, PlanPartState.ASKED) == {new.producer_id: 40 * KG}
    assert grams_of(first) == {no.producer_id: 40 * KG}
    assert second.planned_g == 100 * KG


def test_who_does_not_answer_in_time_is_not_waited_for(session: Session) -> None:
    who, enterprise = buyer()
    goods = farm()
    supply(goods, 80)
    part = part_of(approved([demand(who, enterprise, 60)], who), goods.producer_id)
    assert part.answer_by_at is not None
    with transaction():
        assert lapse_parts(now=part.answer_by_at - timedelta(seconds=1)) == 0
    with pytest.raises(Conflict) as late, transaction():
        answer_part(part.public_id, goods.producer_id, accept=True, actor="a", now=part.answer_by_at)
    assert late.value.code == "part_lapsed"
    with transaction():
        assert lapse_parts(now=part.answer_by_at) == 1
    assert (part.state, part.week.committed_g) == (PlanPartState.LAPSED, 0)


def test_a_plan_whose_goods_were_promised_elsewhere_or_taken_back_has_to_be_made_anew(session: Session) -> None:
    who, enterprise = buyer()
    declared = supply(farm(), 80)
    one, other = demand(who, enterprise, 60), demand(who, enterprise, 60)
    first, second = planned([one], who), planned([other], who)
    with transaction():
        approve_plan(first.public_id, by=who, now=NOW)
    for _ in range(2):
        with pytest.raises(Conflict) as refused, transaction():
            approve_plan(second.public_id, by=who, now=NOW)
        assert refused.value.code == "plan_outdated"
        assert get_plan(second.public_id).state == PlanState.PROPOSED
        with transaction():
            withdraw_supply(declared.public_id, declared.producer_id, actor="farmer", now=NOW)


def test_a_new_proposal_takes_the_place_of_one_that_nobody_has_decided_on(session: Session) -> None:
    who, enterprise = buyer()
    supply(farm(), 80)
    wanted = demand(who, enterprise, 60)
    first, second = planned([wanted], who), planned([wanted], who, share=0.5)
    assert (first.state, second.state, second.replaces_id) == (PlanState.SUPERSEDED, PlanState.PROPOSED, first.id)
    with pytest.raises(Conflict), transaction():
        approve_plan(first.public_id, by=who, now=NOW)
    with transaction():
        assert reject_plan(second.public_id, by=who, now=NOW)
    third = approved([wanted], who)
    assert (third.replaces_id, second.state) == (second.id, PlanState.REJECTED)


def leaves_the_registry(seller: Producer) -> None:
    """The household of a seller is no longer registered from today on."""
    revision = RegistryRevision(at=NOW, actor="test", reason="exit")
    db.session.add(revision)
    db.session.flush()
    days = Range(TODAY - timedelta(days=2000), TODAY)
    db.session.execute(update(HouseholdStatus).where(HouseholdStatus.household_id == seller.household_id).values(days=days))


def test_a_household_that_leaves_the_registry_keeps_its_part_and_the_share_is_said_anew(session: Session) -> None:
    who, enterprise = buyer()
    poor = farm(registered=True)
    supply(poor, 100)
    plan = planned([demand(who, enterprise, 60)], who)
    assert plan.share_attained == 1.0
    leaves_the_registry(poor.producer)
    with transaction():
        assert approve_plan(plan.public_id, by=who, now=NOW)
    part = part_of(plan, poor.producer_id)
    assert (plan.share_attained, part.benefit_bp, part.state) == (0.0, 0, PlanPartState.ASKED)


def test_a_plan_that_no_longer_meets_its_share_is_not_approved(session: Session) -> None:
    who, enterprise = buyer()
    poor, rich = farm(registered=True), farm()
    supply(poor, 100, price_fen_kg=300)
    supply(rich, 100)
    plan = planned([demand(who, enterprise, 60)], who, share=0.5)
    leaves_the_registry(poor.producer)
    with pytest.raises(Conflict) as refused, transaction():
        approve_plan(plan.public_id, by=who, now=NOW)
    assert refused.value.code == "plan_outdated"
    assert get_plan(plan.public_id).state == PlanState.PROPOSED


def test_without_time_the_best_plan_so_far_is_written_with_its_gap(session: Session) -> None:
    who, enterprise = buyer()
    for _ in range(3):
        supply(farm(), 80)
    worked = work_out([demand(who, enterprise, 100)], now=NOW, time_limit_s=1e-9)
    with transaction():
        plan = propose_plan(worked, by=who, now=NOW)
    assert plan.gap >= 0
    assert plan.planned_g <= plan.wanted_g


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_is_none_and_a_plan_of_nothing_are_refused(session: Session, share: float) -> None:
    who, enterprise = buyer()
    with pytest.raises(Invalid) as refused:
        work_out([demand(who, enterprise, 100)], now=NOW, share=share)
    assert refused.value.code == "plan_share"
    with pytest.raises(Invalid):
        work_out([], now=NOW)


@pytest.mark.parametrize("state", [DemandState.DRAFT, DemandState.CONTRACTED, DemandState.WITHDRAWN])
def test_a_demand_that_does_not_wait_for_a_plan_gets_none(session: Session, state: DemandState) -> None:
    who, enterprise = buyer()
    with pytest.raises(Conflict) as refused:
        work_out([demand(who, enterprise, 100, state=state)], now=NOW)
    assert refused.value.code == "plan_demand_state"


def test_at_most_so_many_households_are_asked_for_one_delivery_also_when_planned_again(session: Session) -> None:
    who, enterprise = buyer()
    goods = [farm() for _ in range(4)]
    for one in goods:
        supply(one, 30)
    wanted = demand(who, enterprise, 100, most_households=2)
    first = approved([wanted], who)
    assert len(grams_of(first)) == 2
    again = planned([wanted], who)
    assert again.parts == []
