"""Needs: two persons before anybody sees them, nobody recognisable, one helper of all who reach, a proof, another's word."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from marketplace.assistance.needs.helping import (
    approve_helper,
    close_need,
    deliver,
    enter_helper,
    lapse_pledges,
    pledge,
    release_pledge,
)
from marketplace.assistance.needs.models import HelperKind, HelperUnit, Method, Need, NeedKind, Pledge
from marketplace.assistance.needs.queries import asked_of, pledge_of, public_needs, suited
from marketplace.assistance.needs.raising import raise_need, refuse_need, verify_need, withdraw_departed, withdraw_need
from marketplace.assistance.needs.rounds import decide_round, draft_round
from marketplace.assistance.needs.states import NeedState, PledgeState
from marketplace.assistance.papers import PaperAction
from marketplace.fields.closing import obstacles
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.registry.models import HouseholdStatus
from tests import factories
from tests.assistance.test_duty import refused
from tests.assistance.world import BESIDE, COUNTY, acts_for, helper, open_need, world
from tests.factories import NOW, TODAY, VILLAGE
from tests.own_database import own_database, race


def test_a_need_is_seen_by_nobody_before_a_second_person_has_verified_it(acting: Session) -> None:
    here = world(1)
    need = raise_need(NeedKind.SKILL, "不会修剪", by=here.first, now=NOW, household=here.households[0])
    assert refused(verify_need, need, "想学修剪", by=here.first, now=NOW) == "same_person"
    assert public_needs() == []
    assert verify_need(need, "想学修剪", by=here.second, now=NOW)
    assert not verify_need(need, "别的", by=here.second, now=NOW)
    assert [(row.card, row.state) for row in public_needs()] == [("想学修剪", NeedState.OPEN)]


@pytest.mark.parametrize("card", ["联系 138 0000 1111", "户号5226361000010001", "证件 １１０１０５"])
def test_a_card_with_a_number_by_which_somebody_could_be_found_is_refused(acting: Session, card: str) -> None:
    here = world(1)
    need = raise_need(NeedKind.SKILL, "不会修剪", by=here.first, now=NOW, household=here.households[0])
    assert refused(verify_need, need, card, by=here.second, now=NOW) == "card_tells"
    assert (need.state, need.card) == (NeedState.RAISED, "")


def test_a_village_with_few_registered_households_is_not_named_but_the_area_around_it(acting: Session) -> None:
    here = world(9)
    assert open_need(here).shown_code == "52"
    # With a tenth in the village it is large enough to be named; one beside it is still not.
    factories.household(VILLAGE, registered_from=date(2020, 1, 1))
    assert open_need(here).shown_code == VILLAGE
    alone = factories.household(BESIDE, registered_from=date(2020, 1, 1))
    assert open_need(here, household=alone).shown_code == COUNTY


def test_from_pledge_to_delivery_and_back_until_another_person_says_that_it_arrived(acting: Session) -> None:
    here = world(1)
    need, unit = open_need(here), helper(here)
    own = acts_for(unit)
    made = pledge(need, unit, by=own, now=NOW)
    # Twenty working days from Monday, 15 June 2026; the Dragon Boat holiday is the 19th.
    assert (made.deliver_by, need.due_on) == (date(2026, 7, 14), date(2026, 7, 14))
    assert pledge(need, unit, by=own, now=NOW).id == made.id
    assert refused(deliver, made, " ", by=own, now=NOW) == "proof_missing"
    assert refused(close_need, need, True, by=here.second, now=NOW) == "need_state"
    assert deliver(made, "培训签到表 3 号", by=own, now=NOW)
    assert close_need(need, False, by=here.second, now=NOW)
    assert (need.state, made.state, made.proof) == (NeedState.PLEDGED, PledgeState.STANDING, "")
    deliver(made, "培训签到表 4 号", by=own, now=NOW)
    stranger = factories.household()
    assert refused(close_need, need, True, by=own, household=stranger, now=NOW) == "need_elsewhere"
    assert close_need(need, True, by=factories.account(), household=here.households[0], now=NOW)
    assert not close_need(need, True, by=here.second, now=NOW)
    assert (need.state, made.state) == (NeedState.CLOSED, PledgeState.KEPT)
    assert refused(deliver, made, "再来", by=own, now=NOW) == "pledge_state"


def test_a_unit_helps_only_when_an_officer_has_looked_at_it_and_no_more_than_it_can_carry(acting: Session) -> None:
    here = world(2)
    one, two = open_need(here), open_need(here)
    account = factories.account((RoleKind.ENTERPRISE, ""))
    unit = enter_helper(HelperKind.ENTERPRISE, "茶业公司", COUNTY, [NeedKind.SKILL], 1, by=account, now=NOW)
    assert refused(enter_helper, HelperKind.DONOR, "另一", COUNTY, [NeedKind.SKILL], 1, by=account, now=NOW) == "helper_known"
    assert refused(pledge, one, unit, by=account, now=NOW) == "helper_waits"
    approve_helper(unit, by=here.first, now=NOW)
    assert refused(pledge, one, unit, by=here.first, now=NOW) == "not_your_unit"
    made = pledge(one, unit, by=account, now=NOW)
    assert refused(pledge, two, unit, by=account, now=NOW) == "helper_full"
    assert release_pledge(made, by=account, now=NOW)
    assert not release_pledge(made, by=account, now=NOW)
    assert (one.state, pledge_of(one)) == (NeedState.OPEN, None)
    pledge(two, unit, by=account, now=NOW)


def test_who_has_taken_a_need_on_closes_their_account_after_that_and_is_asked_for_nothing_more(acting: Session) -> None:
    here = world(1)
    need, unit = open_need(here), helper(here)
    own = acts_for(unit)
    made = pledge(need, unit, by=own, now=NOW)
    assert obstacles(own) == ["helping"]
    release_pledge(made, by=own, now=NOW)
    assert obstacles(own) == []
    assert [each.helper.id for each in suited(need, TODAY)] == [unit.id]
    own.active = False
    assert suited(need, TODAY) == []


def test_a_household_takes_back_what_its_office_wrote_down_for_it_and_nobody_elses(acting: Session) -> None:
    here = world(2)
    need, farmer = open_need(here), factories.account((RoleKind.FARMER, ""))
    assert refused(withdraw_need, need, by=farmer, household=here.households[1], now=NOW) == "other_level"
    assert withdraw_need(need, by=farmer, household=here.households[0], now=NOW)
    assert need.state == NeedState.WITHDRAWN


def test_a_pledge_that_is_late_lapses_on_the_day_after_its_last_and_only_once(acting: Session) -> None:
    here = world(1)
    need, unit = open_need(here), helper(here)
    made = pledge(need, unit, by=acts_for(unit), now=NOW)
    on_the_day = datetime(2026, 7, 14, 15, 59, tzinfo=UTC)
    assert lapse_pledges(now=on_the_day) == 0
    assert (lapse_pledges(now=on_the_day + timedelta(minutes=1)), lapse_pledges(now=on_the_day + timedelta(days=2))) == (1, 0)
    assert (need.state, made.state) == (NeedState.OPEN, PledgeState.LAPSED)


def test_a_deadline_on_the_last_working_day_of_the_year_is_counted(acting: Session) -> None:
    here = world(1)
    # Five working days after Thursday, 24 December 2026.
    need = raise_need(
        NeedKind.SKILL, "不会修剪", by=here.first, household=here.households[0], now=datetime(2026, 12, 24, tzinfo=UTC)
    )
    assert need.due_on == date(2026, 12, 31)
    # And past the year whose holidays are known by weekends alone: a work list must not stop.
    late = raise_need(
        NeedKind.SKILL, "不会修剪", by=here.first, household=here.households[0], now=datetime(2026, 12, 31, tzinfo=UTC)
    )
    assert late.due_on == date(2027, 1, 7)


def test_the_needs_of_a_household_that_leaves_the_registry_are_taken_back_but_not_what_is_pledged(acting: Session) -> None:
    here = world(1)
    waiting, running = open_need(here), open_need(here)
    pledge(running, unit := helper(here), by=acts_for(unit), now=NOW)
    db.session.query(HouseholdStatus).update({"days": Range(date(2020, 1, 1), TODAY)})
    assert (withdraw_departed(now=NOW), withdraw_departed(now=NOW)) == (1, 0)
    assert (waiting.state, running.state) == (NeedState.WITHDRAWN, NeedState.PLEDGED)
    assert (
        refused(raise_need, NeedKind.WORK, "没活干", by=here.first, now=NOW, household=here.households[0]) == "not_registered"
    )


def test_a_need_is_refused_with_a_reason_and_taken_back_by_who_raised_it(acting: Session) -> None:
    here = world(1)
    need = raise_need(NeedKind.WORK, "修村路", by=here.first, now=NOW, area_code=VILLAGE)
    assert refused(refuse_need, need, "", by=here.second, now=NOW) == "reason_missing"
    assert refuse_need(need, "已列入项目", by=here.second, now=NOW)
    assert refused(withdraw_need, need, by=here.first, now=NOW) == "need_state"
    other = open_need(here)
    assert withdraw_need(other, by=here.first, now=NOW)
    assert public_needs() == []


def test_helpers_are_ranked_by_what_they_can_do_where_they_are_what_they_kept_and_what_is_free(acting: Session) -> None:
    here = world(3)
    near = helper(here, NeedKind.SKILL, area_code=VILLAGE[:9], name="近")
    far = helper(here, NeedKind.SKILL, name="远")
    helper(here, NeedKind.MONEY, name="别的")
    late = pledge(open_need(here), near, by=acts_for(near), now=NOW)
    late.deliver_by = TODAY - timedelta(days=1)
    assert lapse_pledges(now=NOW) == 1
    ranked = suited(open_need(here), TODAY)
    # Near: 1 x 2/4 x 1 = 0.5; far: 0.85 x 2/3 x 1 = 0.5667.
    assert [(each.helper.name, round(each.fit.score, 4), each.fit.near) for each in ranked] == [
        ("远", 0.5667, "county"),
        ("近", 0.5, "township"),
    ]
    assert ranked[0].helper.id == far.id


@pytest.mark.parametrize("method", list(Method))
def test_a_round_asks_each_unit_once_a_second_officer_has_approved(acting: Session, method: Method) -> None:
    here = world(3)
    unit, other = helper(here, quota=1), helper(here, NeedKind.MONEY)
    needs = [open_need(here), open_need(here), open_need(here, NeedKind.HEALTH)]
    drafted = draft_round(COUNTY, method, by=here.first, now=NOW)
    assert (drafted.needs, drafted.matched, asked_of(unit)) == (3, 1, [])
    assert refused(draft_round, COUNTY, method, by=here.first, now=NOW) == "round_waits"
    assert refused(decide_round, drafted, PaperAction.APPROVE, by=here.first, now=NOW) == "same_person"
    assert decide_round(drafted, PaperAction.APPROVE, by=here.second, now=NOW)
    (asked,) = asked_of(unit)
    assert asked.id == needs[0].id
    assert asked_of(other) == []
    pledge(asked, unit, by=acts_for(unit), now=NOW)
    assert asked_of(unit) == []


@pytest.fixture(scope="module")
def county(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that several connections commit to."""
    with own_database(database_server, data_dir, "need_races") as app:
        yield app


def test_of_fifty_helpers_who_reach_for_one_need_at_once_one_has_it(county: Flask) -> None:
    with county.app_context(), transaction():
        here = world(1)
        need_id = open_need(here).id
        units = [(unit.id, unit.account_id) for unit in (helper(here, name=f"单位{number}") for number in range(50))]

    def reach(unit_id: int, account_id: int) -> int:
        with transaction():
            unit, by = db.session.get_one(HelperUnit, unit_id), db.session.get_one(Account, account_id)
            return pledge(db.session.get_one(Need, need_id), unit, by=by, now=NOW).helper_id

    answers: list[object] = []
    # As many at a time as the pool has connections for, all behind the same lock.
    for start in range(0, 50, 10):
        runners = [lambda pair=pair: reach(*pair) for pair in units[start : start + 10]]
        answers += race(county, *runners, behind=f"SELECT FROM need WHERE id = {need_id} FOR UPDATE")
    won = [each for each in answers if isinstance(each, int)]
    assert len(won) == 1
    assert [getattr(each, "code", each) for each in answers if not isinstance(each, int)] == ["need_taken"] * 49
    with county.app_context():
        assert db.session.scalar(select(func.count()).select_from(Pledge).where(Pledge.need_id == need_id)) == 1
