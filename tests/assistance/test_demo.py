"""The demo's responsibility and needs, on small villages."""

from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.assistance.duty.models import FundsBrought, VisitWord
from marketplace.assistance.duty.queries import (
    funds_within,
    helpers_of,
    merits_of,
    officer_count,
    officers_within,
    open_handovers,
    plan_by_officer,
    plans_within,
    scores_of,
    unasked_visits,
    without_helper,
    years_within,
)
from marketplace.assistance.needs.queries import public_needs, rounds_within
from marketplace.demo.assistance import add_assistance
from marketplace.demo.duty import add_duty
from marketplace.identity.models import RoleKind
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.registry.reading import Reach
from tests import factories
from tests.assistance.world import COUNTY, TOWNSHIP
from tests.factories import NOW, VILLAGE


def test_the_demo_has_helpers_one_who_left_and_needs_on_their_way(acting: Session) -> None:
    factories.area()
    factories.account((RoleKind.OFFICER, COUNTY), login="danzhai")
    factories.account((RoleKind.ENTERPRISE, ""), login="canteen", name="第一食堂")
    officers = {
        TOWNSHIP: [factories.account((RoleKind.OFFICER, TOWNSHIP)).id],
        VILLAGE: [factories.account((RoleKind.OFFICER, VILLAGE)).id],
    }
    own, *_ = [factories.household(registered_from=date(2020, 1, 1)) for _ in range(12)]
    add_assistance("danzhai", "canteen", own, officers, now=NOW)
    assert len(helpers_of(own)) == 1
    assert len(open_handovers(Reach.everywhere("a test"))) == 4
    assert len(unasked_visits(Reach.everywhere("a test"), not_by=factories.account())) == 3
    assert [funds.amount_fen for funds, _, _ in funds_within(Reach.everywhere("a test"))] == [80_000]
    (matched,) = rounds_within(Reach.everywhere("a test"))
    assert (matched.needs, matched.matched) == (2, 1)
    assert sorted(need.state for need in public_needs()) == ["open", "open", "pledged"]


def test_the_demo_gives_every_household_a_helper_by_rank_and_a_village_the_scores_of_a_year(acting: Session) -> None:
    beside = f"{TOWNSHIP}002"
    for village in (VILLAGE, beside):
        factories.area(village)
    factories.account((RoleKind.OFFICER, COUNTY), login="danzhai")
    officers = {
        code: [factories.account((RoleKind.OFFICER, code)).id for _ in range(2)] for code in (COUNTY, TOWNSHIP, VILLAGE, beside)
    }
    own, *_ = [
        factories.household(village, registered_from=date(2020, 1, 1)) for village in (VILLAGE, beside) for _ in range(40)
    ]
    # Some who were registered after the plan was approved.
    for _ in range(5):
        factories.household(beside, registered_from=local_day(NOW) - timedelta(days=30))
    add_duty("danzhai", own, officers, now=NOW)
    everywhere = Reach.of([COUNTY], "a test")
    since, plan = plans_within(everywhere)
    assert (since.state, since.households) == ("approved", 5)
    assert (plan.state, plan.households, plan.officers) == ("approved", 80, 21)
    assert sum(row.households for row in plan_by_officer(plan)) == 80
    assert plan_by_officer(plan, page=3, most=10) == plan_by_officer(plan)[20:]
    assert not without_helper(COUNTY, local_day(NOW))
    in_duty = officers_within(everywhere, 1, 100)
    assert (len(in_duty), officer_count(everywhere)) == (27, 27)
    assert {officer.account_id for officer, _own in in_duty} > {officers[VILLAGE][0], officers[TOWNSHIP][0]}
    # One page after another is the whole list.
    assert [*officers_within(everywhere, 1, 20), *officers_within(everywhere, 2, 20)] == in_duty
    assert {local_day(NOW) > row.handover.due_on for row in open_handovers(everywhere)} == {True, False}
    assert [(each.year, each.state) for each in years_within(everywhere)] == [(2026, "drafted"), (2025, "approved")]
    last_year = years_within(everywhere)[1]
    merits = [(merit.kind, merit.state) for own_merits in merits_of(last_year).values() for merit in own_merits]
    assert sorted(merits) == [("penalty", "drafted"), ("reward", "approved")]
    assert len({score.points for score, _officer, _own in scores_of(last_year)}) > 5
    assert unasked_visits(everywhere, not_by=factories.account())
    booked = everywhere.over(select(FundsBrought.state).order_by(FundsBrought.id), FundsBrought.village_code)
    assert [state == "approved" for state in db.session.scalars(booked)] == [False, True, True, True, False, True, True]
    assert len(funds_within(everywhere)) == 2
    words = db.session.scalars(everywhere.over(select(VisitWord.took_place), VisitWord.village_code)).all()
    assert 0 < words.count(False) < len(words) / 10
