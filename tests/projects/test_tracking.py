"""Milestones with pictures, money that never passes what was approved, gaps that last, and what still works years later."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.funds.payments import BankAccount, PaymentOrder, ToOrganisation, pay_from, propose_payment, reverse_payment
from marketplace.funds.service import allocate
from marketplace.kernel.errors import Conflict, DomainError, Forbidden, Invalid
from marketplace.projects.models import Project
from marketplace.projects.progress import Step, apart_since
from marketplace.projects.queries import checks_due, gap_since, place_of, steps_of, warnings_within
from marketplace.projects.states import ProjectState
from marketplace.projects.tracking import (
    Taken,
    add_photo,
    check_asset,
    check_within_approved,
    complete_project,
    reach_milestone,
    start_project,
    stop_project,
)
from marketplace.registry.reading import Reach
from tests.factories import NOW
from tests.funds.county import CREDIT_CODE, fund_in_force, office
from tests.projects.world import COUNTY, PROVINCE, TOWNSHIP, World, approved, officer, world

BEGUN = NOW + timedelta(days=12)
HERE = Reach.of([COUNTY], "test")


def refused(error: type[DomainError], act: Callable[[], object]) -> str:
    with pytest.raises(error) as found:
        act()
    return found.value.code


def under_way(here: World, *, fen: int = 10_000_000) -> Project:
    project = approved(here, fen=fen)
    assert start_project(project, by=here.declarer, now=BEGUN)
    return project


def reach_all(here: World, project: Project) -> None:
    for milestone in project.milestones:
        add_photo(project, milestone, Taken("ab" * 32, BEGUN.date(), "摆泥村一组", 26.2, 107.8), by=here.declarer, now=BEGUN)
        assert reach_milestone(project, milestone, by=here.declarer, now=BEGUN)


class Money:
    """A fund whose money stands at a project's place, and the county's two officers."""

    def __init__(self, project: Project, fen: int) -> None:
        self.project, self.county = project, office(COUNTY)
        province = office(PROVINCE)
        self.fund = fund_in_force(province, PROVINCE, {"roads": fen})
        allocate(self.fund, "roads", PROVINCE, COUNTY, fen, "文件一", by=province.first, now=NOW)
        allocate(self.fund, "roads", COUNTY, place_of(project), fen, "文件二", by=self.county.first, now=NOW)

    def order(self, fen: int) -> PaymentOrder:
        account = BankAccount("黔东南建设有限公司", "农业银行", "6228480000000001234")
        return PaymentOrder(
            "roads", place_of(self.project), fen, "subject", "水渠", "合同一", ToOrganisation(CREDIT_CODE), account
        )

    def pay(self, fen: int) -> object:
        return pay_from(self.fund, self.order(fen), by=self.county.first, approved_by=self.county.second, now=BEGUN)


def test_money_is_counted_through_whichever_door_and_comes_off_again(acting: Session) -> None:
    project = under_way(world())
    money = Money(project, 10_000_000)
    payment = money.pay(4_000_000)
    acting.refresh(project)
    assert project.paid_fen == 4_000_000
    reverse_payment(payment, "户名不符", by=money.county.first, now=BEGUN)  # type: ignore[arg-type]
    acting.refresh(project)
    assert (project.paid_fen, [step for step in steps_of(project) if step.paid_fen]) == (0, [])


def test_one_fen_above_what_was_approved_is_never_paid(acting: Session) -> None:
    project = under_way(world(), fen=100)
    money = Money(project, 1_000)
    money.pay(99)
    order = propose_payment(money.fund, money.order(2), by=money.county.first, now=BEGUN)
    assert refused(Conflict, lambda: check_within_approved(order)) == "project_money_short"
    with pytest.raises(IntegrityError, match="paid_within_approved"), acting.begin_nested():
        money.pay(2)
    money.pay(1)
    acting.refresh(project)
    assert project.paid_fen == 100


def test_of_a_project_of_one_fen_one_fen_is_paid_and_its_work_is_as_far_as_its_money(acting: Session) -> None:
    here = world()
    project = under_way(here, fen=1)
    money = Money(project, 2)
    money.pay(1)
    acting.refresh(project)
    assert (project.approved_fen, project.paid_fen) == (1, 1)
    assert gap_since(project, BEGUN.date()) == BEGUN.date()
    reach_all(here, project)
    assert gap_since(project, BEGUN.date()) is None
    order = propose_payment(money.fund, money.order(1), by=money.county.first, now=BEGUN)
    assert refused(Conflict, lambda: check_within_approved(order)) == "project_money_short"


def test_a_milestone_needs_a_picture_with_place_and_day(acting: Session) -> None:
    here = world()
    project = under_way(here)
    milestone = project.milestones[0]
    assert refused(Conflict, lambda: reach_milestone(project, milestone, by=here.declarer, now=BEGUN)) == "photo_missing"
    for taken, code in (
        (Taken("ab" * 32, BEGUN.date(), " "), "photo_place"),
        (Taken("ab" * 32, NOW.date(), "一组"), "photo_day"),
        (Taken("ab" * 32, BEGUN.date() + timedelta(days=1), "一组"), "photo_day"),
        (Taken("ab" * 32, BEGUN.date(), "一组", 26.2), "photo_degrees"),
    ):
        assert refused(Invalid, lambda taken=taken: add_photo(project, milestone, taken, by=here.declarer, now=BEGUN)) == code
    reach_all(here, project)
    assert not reach_milestone(project, milestone, by=here.declarer, now=BEGUN)


def test_a_gap_of_exactly_the_limit_is_none_and_one_point_more_is() -> None:
    first = date(2026, 7, 1)
    for paid_fen, since in ((20, None), (21, first)):
        assert apart_since([Step(first, paid_fen=paid_fen)], 100, 20, first) == since
    assert apart_since([Step(first, work=21)], 0, 20, first) is None


def test_a_gap_warns_on_the_thirtieth_day_and_not_before(acting: Session) -> None:
    here = world()
    project = under_way(here)
    Money(project, 10_000_000).pay(3_000_000)
    since = BEGUN.date()
    assert gap_since(project, since) == since
    assert warnings_within(HERE, since + timedelta(days=29)) == []
    assert warnings_within(HERE, since + timedelta(days=30)) == [(project, since)]


def test_the_county_accepts_work_that_is_whole_and_looks_again_in_three_years(acting: Session) -> None:
    here = world()
    project = under_way(here)
    assert refused(Conflict, lambda: complete_project(project, by=here.county, now=BEGUN)) == "milestones_open"
    reach_all(here, project)
    assert refused(Forbidden, lambda: complete_project(project, by=here.declarer, now=BEGUN)) == "other_level"
    assert complete_project(project, by=here.county, now=BEGUN)
    assert not complete_project(project, by=here.county, now=BEGUN)
    done = BEGUN.date()
    assert (project.state, project.completed_on) == (ProjectState.COMPLETED, done)
    assert checks_due(HERE, date(2027, 5, 27)) == []
    assert [(check.years, row.id) for check, row in checks_due(HERE, date(2027, 5, 28))] == [(1, project.id)]


def test_what_still_works_is_answered_once_when_it_is_due(acting: Session) -> None:
    here = world()
    project = under_way(here)
    reach_all(here, project)
    complete_project(project, by=here.county, now=BEGUN)
    by, due = officer(TOWNSHIP), BEGUN.replace(year=BEGUN.year + 1)
    assert refused(Conflict, lambda: check_asset(project, 1, True, "", by=by, now=due - timedelta(days=1))) == "too_early"
    assert refused(Forbidden, lambda: check_asset(project, 1, True, "", by=here.declarer, now=due)) == "other_level"
    assert refused(Invalid, lambda: check_asset(project, 1, False, " ", by=by, now=due)) == "reason_needed"
    assert check_asset(project, 1, False, "渠道垮塌", by=by, now=due)
    assert not check_asset(project, 1, False, "渠道垮塌", by=by, now=due)
    assert refused(Conflict, lambda: check_asset(project, 1, True, "", by=by, now=due)) == "check_done"


def test_a_project_is_given_up_with_a_reason_and_its_place_is_free_again(acting: Session) -> None:
    here = world()
    project = under_way(here)
    assert refused(Invalid, lambda: stop_project(project, " ", by=here.county, now=BEGUN)) == "reason_needed"
    assert stop_project(project, "塌方", by=here.county, now=BEGUN)
    assert project.state == ProjectState.STOPPED
    assert acting.scalar(text("SELECT count(*) FROM project WHERE state = 'stopped'")) == 1
