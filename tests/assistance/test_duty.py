"""Officers in duty: quotas by rank, plans of two persons, hand-overs, visits, funds and years."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.assistance.duty.assigning import assign
from marketplace.assistance.duty.bringing import bring_funds, decide_funds, helped_account, say_of_visit
from marketplace.assistance.duty.duties import end_departed, give_duty, hand_over, offices, suggested_heirs
from marketplace.assistance.duty.models import Duty, DutyOfficer, DutyPlan, MeritKind, Place, Rank
from marketplace.assistance.duty.officers import change_rank, enter_officer, leave_office
from marketplace.assistance.duty.plans import approve_plan, discard_plan, draft_plan
from marketplace.assistance.duty.queries import duties_of, helpers_of, scores_of, working_officers
from marketplace.assistance.duty.states import HandoverState
from marketplace.assistance.duty.years import answer_merit, decide_merit, decide_year, draft_year, propose_merit
from marketplace.assistance.papers import PaperAction, PaperState
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, savepoint, transaction
from marketplace.kernel.errors import Conflict, DomainError, Forbidden
from marketplace.ledger.queries import balance_fen
from marketplace.registry.duty_rules import QUOTA
from marketplace.registry.models import Household, HouseholdStatus
from marketplace.registry.reading import unbounded
from marketplace.registry.rules import set_rule
from marketplace.registry.visits import record_visit
from tests import factories
from tests.assistance.world import BESIDE, COUNTY, TOWNSHIP, World, in_duty, world
from tests.factories import NOW, TODAY
from tests.own_database import own_database, race


def refused(act: object, *args: object, **more: object) -> str:
    """The code with which something is refused; what it began is undone."""
    with pytest.raises(DomainError) as error, savepoint():
        act(*args, **more)  # type: ignore[operator]
    return error.value.code


def running() -> int:
    query = select(func.count()).select_from(Duty).where(Duty.ended_at.is_(None))
    return db.session.scalar(unbounded(query, "a test")) or 0


@pytest.mark.parametrize(
    ("rank", "quota"),
    [(Rank.COUNTY_HEAD, 8), (Rank.COUNTY_DEPUTY, 7), (Rank.SECTION_HEAD, 6), (Rank.SECTION_DEPUTY, 5), (Rank.OTHER, 4)],
)
def test_each_rank_has_the_quota_of_fengshan(acting: Session, rank: Rank, quota: int) -> None:
    here = world(quota + 1)
    officer = in_duty(here, rank)
    for household in here.households[:quota]:
        give_duty(officer, household, Place.FIRST, by=here.first, now=NOW)
    assert refused(give_duty, officer, here.households[-1], Place.FIRST, by=here.first, now=NOW) == "over_quota"
    assert len(duties_of(officer)) == quota


def test_a_second_helper_has_five_at_most_and_is_never_the_first(acting: Session) -> None:
    here = world(6)
    officer, other = in_duty(here, Rank.COUNTY_HEAD), in_duty(here)
    give_duty(officer, here.households[0], Place.FIRST, by=here.first, now=NOW)
    assert refused(give_duty, officer, here.households[0], Place.SECOND, by=here.first, now=NOW) == "already_helps"
    assert refused(give_duty, other, here.households[0], Place.FIRST, by=here.first, now=NOW) == "helper_there"
    for household in here.households[1:]:
        give_duty(officer, household, Place.SECOND, by=here.first, now=NOW)
    assert refused(give_duty, officer, here.households[0], Place.SECOND, by=here.first, now=NOW) == "over_quota"


def test_the_database_itself_keeps_to_one_first_helper(acting: Session) -> None:
    here = world(1)
    one, two = in_duty(here), in_duty(here)
    give_duty(one, here.households[0], Place.FIRST, by=here.first, now=NOW)
    with pytest.raises(IntegrityError, match="uq_duty_running"), savepoint():
        household = here.households[0]
        more = {"household_id": household.id, "village_code": household.village_code, "begins_at": NOW}
        db.session.add(Duty(officer_id=two.id, place="first", near=12, **more))
        db.session.flush()
    assert running() == 1


def test_a_plan_gives_every_household_the_nearest_officer_once_a_second_person_approves(acting: Session) -> None:
    here = world(6)
    beside = [factories.household(BESIDE, registered_from=date(2020, 1, 1)) for _ in range(2)]
    near, office, far = in_duty(here), in_duty(here, area_code=TOWNSHIP), in_duty(here, area_code=COUNTY)
    plan = draft_plan(COUNTY, by=here.first, now=NOW)
    assert (plan.households, plan.near, running()) == (8, {"12": 4, "9": 2, "6": 2}, 0)
    assert refused(approve_plan, plan, by=here.first, now=NOW) == "same_person"
    assert approve_plan(plan, by=here.second, now=NOW)
    assert not approve_plan(plan, by=here.second, now=NOW)
    assert [len(duties_of(officer)) for officer in (near, office, far)] == [4, 2, 2]
    assert all(helpers_of(each)[0][1].id in (office.id, far.id) for each in beside)
    assert refused(draft_plan, COUNTY, by=here.first, now=NOW) == "nobody_waits"


def test_a_plan_without_enough_places_is_refused_with_the_number_that_is_missing(acting: Session) -> None:
    here = world(6)
    in_duty(here)
    with pytest.raises(Conflict) as short:
        draft_plan(COUNTY, by=here.first, now=NOW)
    assert (short.value.code, short.value.data) == ("places_short", {"short": 2})


def test_a_plan_that_time_has_overtaken_is_not_approved_and_can_be_dropped(acting: Session) -> None:
    here = world(2)
    officer = in_duty(here)
    in_duty(here)
    plan = draft_plan(TOWNSHIP, by=here.first, now=NOW)
    assert refused(draft_plan, TOWNSHIP, by=here.second, now=NOW) == "plan_waits"
    leave_office(officer, by=here.first, now=NOW)
    assert refused(approve_plan, plan, by=here.second, now=NOW) == "plan_outdated"
    assert (plan.state, running()) == (PaperState.DRAFTED, 0)
    assert discard_plan(plan, by=here.first, now=NOW)
    assert approve_plan(draft_plan(TOWNSHIP, by=here.first, now=NOW), by=here.second, now=NOW)


def test_who_leaves_office_keeps_each_household_until_it_is_handed_over_within_seven_days(acting: Session) -> None:
    here = world(2)
    officer, heir = in_duty(here), in_duty(here, area_code=TOWNSHIP)
    for household in here.households:
        give_duty(officer, household, Place.FIRST, by=here.first, now=NOW)
    opened = leave_office(officer, by=here.first, now=NOW)
    assert [each.due_on for each in opened] == [TODAY + timedelta(days=7)] * 2
    assert leave_office(officer, by=here.first, now=NOW) == []
    assert helpers_of(here.households[0])[0][1].id == officer.id
    assert refused(give_duty, officer, here.households[0], Place.SECOND, by=here.first, now=NOW) == "officer_left"
    assert suggested_heirs([(each, Place.FIRST) for each in opened], TODAY) == {each.id: heir.id for each in opened}
    assert refused(hand_over, opened[0], officer, by=here.first, now=NOW) == "officer_left"
    assert hand_over(opened[0], heir, by=here.first, now=NOW)
    assert not hand_over(opened[0], heir, by=here.first, now=NOW)
    assert [helper.id for _, helper, _ in helpers_of(here.households[0])] == [heir.id]
    assert running() == 2


def test_heirs_are_the_nearest_and_the_rest_of_the_county_is_read_only_where_the_township_has_no_place(acting: Session) -> None:
    here = world(6)
    leaver = in_duty(here, Rank.SECTION_HEAD)
    for household in here.households[:5]:
        give_duty(leaver, household, Place.FIRST, by=here.first, now=NOW)
    opened = [(each, Place.FIRST) for each in leave_office(leaver, by=here.first, now=NOW)]
    near, far = in_duty(here, area_code=TOWNSHIP), in_duty(here, area_code=COUNTY)
    read: list[int] = []

    def note(officer: DutyOfficer, _context: object) -> None:
        read.append(officer.id)

    event.listen(DutyOfficer, "load", note)
    try:
        db.session.expunge_all()
        assert set(suggested_heirs(opened[:4], TODAY).values()) == {near.id}
        assert set(read) == {near.id}
        db.session.expunge_all()
        whole = suggested_heirs(opened, TODAY)
        assert set(read) == {near.id, far.id}
    finally:
        event.remove(DutyOfficer, "load", note)
    # As if all officers had been asked at once.
    villages = {each.id: each.village_code for each, _ in opened}
    at_once = assign(villages, offices(working_officers(COUNTY), Place.FIRST, TODAY))
    assert whole == {number: each.officer for number, each in at_once.items()}
    assert sorted(whole.values()) == [near.id] * 4 + [far.id]


def test_a_household_that_leaves_the_registry_ends_its_duty_and_the_hand_over_once(acting: Session) -> None:
    here = world(2)
    officer, heir = in_duty(here), in_duty(here)
    for household in here.households:
        give_duty(officer, household, Place.FIRST, by=here.first, now=NOW)
    gone, stays = leave_office(officer, by=here.first, now=NOW)
    status = db.session.query(HouseholdStatus).filter_by(household_id=gone.household_id).one()
    status.days = Range(date(2020, 1, 1), TODAY)
    db.session.flush()
    assert (end_departed(now=NOW), end_departed(now=NOW)) == (1, 0)
    db.session.expire_all()
    assert (gone.state, stays.state, running()) == (HandoverState.CLOSED, HandoverState.OPEN, 1)
    assert refused(hand_over, gone, heir, by=here.first, now=NOW) == "duty_handover_state"


def test_a_second_look_at_a_paper_may_fall_due_in_a_year_whose_holidays_nobody_knows_yet(acting: Session) -> None:
    here = world(1)
    officer = in_duty(here)
    last = datetime(2026, 12, 31, 8, 0, tzinfo=UTC)
    give_duty(officer, here.households[0], Place.FIRST, by=here.first, now=last)
    (opened,) = leave_office(officer, by=here.first, now=last)
    assert opened.due_on == date(2027, 1, 7)


def test_a_quota_rule_that_starts_tomorrow_changes_nothing_today(acting: Session) -> None:
    here = world(6)
    officer, tomorrow = in_duty(here), NOW + timedelta(days=1)
    province = factories.account((RoleKind.OFFICER, COUNTY[:2]))
    quotas = {"county_head": 8, "county_deputy": 7, "section_head": 6, "section_deputy": 5, "other_rank": 5, "second": 5}
    set_rule(QUOTA, COUNTY, TODAY + timedelta(days=1), quotas, "省办〔2026〕9 号", by=province, now=NOW)
    for household in here.households[:4]:
        give_duty(officer, household, Place.FIRST, by=here.first, now=NOW)
    assert refused(give_duty, officer, here.households[4], Place.FIRST, by=here.first, now=NOW) == "over_quota"
    give_duty(officer, here.households[4], Place.FIRST, by=here.first, now=tomorrow)
    assert refused(give_duty, officer, here.households[5], Place.FIRST, by=here.first, now=tomorrow) == "over_quota"


def test_a_rank_below_the_households_one_has_is_refused_and_who_comes_back_is_in_duty_again(acting: Session) -> None:
    here = world(5)
    officer = in_duty(here, Rank.SECTION_DEPUTY)
    for household in here.households:
        give_duty(officer, household, Place.FIRST, by=here.first, now=NOW)
    assert refused(change_rank, officer, Rank.OTHER, by=here.first, now=NOW) == "over_quota"
    account = db.session.get_one(Account, officer.account_id)
    assert refused(enter_officer, account, Rank.OTHER, COUNTY, by=here.first, now=NOW) == "duty_officer_known"
    leave_office(officer, by=here.first, now=NOW)
    assert enter_officer(account, Rank.COUNTY_HEAD, COUNTY, by=here.first, now=NOW).id == officer.id
    assert officer.left_at is None


def visited(here: World, officer: DutyOfficer, household: Household, satisfaction: int | None, *, denied: bool = False) -> None:
    account = db.session.get_one(Account, officer.account_id)
    visit = record_visit(household, account, NOW, now=NOW)
    assert refused(say_of_visit, visit, True, 5, to=account, now=NOW) == "asked_by_another"
    say_of_visit(visit, not denied, satisfaction, to=here.first, now=NOW)
    assert refused(say_of_visit, visit, True, 1, to=here.second, now=NOW) == "visit_said"


def test_funds_count_and_are_booked_once_a_second_person_has_seen_the_paper(acting: Session) -> None:
    here = world(2)
    officer = in_duty(here)
    own = db.session.get_one(Account, officer.account_id)
    household, foreign = here.households
    give_duty(officer, household, Place.FIRST, by=here.first, now=NOW)
    assert refused(bring_funds, officer, foreign, 100, "局里", "收据1", by=own, now=NOW) == "not_your_duty"
    funds = bring_funds(officer, household, 30_001, "县农业局", "收据1", by=own, now=NOW)
    assert refused(bring_funds, officer, household, 1, "局里", " 收据1", by=own, now=NOW) == "funds_known"
    assert balance_fen(helped_account(household)) == 0
    assert decide_funds(funds, PaperAction.APPROVE, by=here.first, now=NOW)
    assert not decide_funds(funds, PaperAction.APPROVE, by=here.second, now=NOW)
    assert balance_fen(helped_account(household)) == 30_001


def test_a_year_is_scored_by_the_sheet_and_what_persons_decide_on_it_hears_the_officer_first(acting: Session) -> None:
    here = world(4)
    good, poor = in_duty(here, name="勤"), in_duty(here, name="懒")
    for officer, households in ((good, here.households[:2]), (poor, here.households[2:])):
        for household in households:
            give_duty(officer, household, Place.FIRST, by=here.first, now=NOW)
    for household in here.households[:2]:
        for _ in range(4):
            visited(here, good, household, 5)
    # A visit that the household denies counts as none.
    visited(here, poor, here.households[2], None, denied=True)
    year = draft_year(COUNTY, 2026, by=here.first, now=NOW)
    assert refused(draft_year, COUNTY, 2026, by=here.second, now=NOW) == "year_taken"
    (best, _, _), (worst, _, account) = scores_of(year)
    # All but the funds, which weigh 20 of 100; the other had nothing in 70, nobody was asked how content.
    assert (best.points, best.items) == (80.0, {"visits": 1.0, "confirmed": 1.0, "satisfaction": 1.0, "funds": 0.0})
    assert (worst.points, worst.items) == (0.0, {"visits": 0.0, "confirmed": 0.0, "funds": 0.0})
    assert best.low <= best.value <= best.high
    assert (round(best.value, 6), round(worst.value, 6)) == (40.0, -40.0)
    assert refused(propose_merit, year, worst, MeritKind.PENALTY, "没有走访", by=here.first, now=NOW) == "year_not_approved"
    assert decide_year(year, PaperAction.APPROVE, by=here.second, now=NOW)
    merit = propose_merit(year, worst, MeritKind.PENALTY, "没有走访", by=here.first, now=NOW)
    assert refused(decide_merit, year, merit, PaperAction.APPROVE, by=here.second, now=NOW) == "not_heard"
    assert refused(answer_merit, merit, "我病了", by=here.second, now=NOW) == "not_your_merit"
    answer_merit(merit, "我病了", by=account, now=NOW)
    assert refused(decide_merit, year, merit, PaperAction.APPROVE, by=here.first, now=NOW) == "same_person"
    assert decide_merit(year, merit, PaperAction.APPROVE, by=here.second, now=NOW)


def test_an_office_from_beside_gives_nobody_anything(acting: Session) -> None:
    here = world(1)
    officer = in_duty(here)
    factories.area("522601100001")
    from_beside = factories.account(("officer", "522601"), name="邻县")  # type: ignore[arg-type]
    for act in (
        lambda: give_duty(officer, here.households[0], Place.FIRST, by=from_beside, now=NOW),
        lambda: draft_plan(COUNTY, by=from_beside, now=NOW),
        lambda: leave_office(officer, by=from_beside, now=NOW),
    ):
        with pytest.raises(Forbidden):
            act()
    assert running() == 0


@pytest.fixture(scope="module")
def county(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that several connections commit to."""
    with own_database(database_server, data_dir, "duty_races") as app:
        yield app


def test_two_who_give_an_officer_the_last_place_at_once_give_it_once(county: Flask) -> None:
    with county.app_context(), transaction():
        here = world(5)
        officer = in_duty(here)
        for household in here.households[:3]:
            give_duty(officer, household, Place.FIRST, by=here.first, now=NOW)
        officer_id, by_id, rest = officer.id, here.first.id, [each.id for each in here.households[3:]]

    def give(household_id: int) -> bool:
        with transaction():
            household, by = db.session.get_one(Household, household_id), db.session.get_one(Account, by_id)
            give_duty(db.session.get_one(DutyOfficer, officer_id), household, Place.FIRST, by=by, now=NOW)
        return True

    behind = f"SELECT FROM duty_officer WHERE id = {officer_id} FOR UPDATE"
    answers = race(county, lambda: give(rest[0]), lambda: give(rest[1]), behind=behind)
    assert sorted(str(getattr(each, "code", each)) for each in answers) == ["True", "over_quota"]


def test_a_plan_that_is_cut_off_half_way_gives_nothing_and_the_same_once_afterwards(county: Flask) -> None:
    class Cut(BaseException):
        """The process ends here."""

    with county.app_context(), transaction():
        here = world(4, BESIDE)
        in_duty(here, area_code=BESIDE)
        plan_id = draft_plan(BESIDE[:9], by=here.first, now=NOW).id
        second, before = here.second.id, running()

    def approve(cut: bool) -> bool:
        with transaction():
            done = approve_plan(db.session.get_one(DutyPlan, plan_id), by=db.session.get_one(Account, second), now=NOW)
            if cut:
                raise Cut
        return done

    with county.app_context():
        with pytest.raises(Cut):
            approve(True)
        assert running() == before
    # Then two at once: one of them does it, the other is told that it was done.
    answers = race(county, lambda: approve(False), lambda: approve(False))
    assert sorted(map(str, answers)) == ["False", "True"]
    with county.app_context():
        assert running() == before + 4
