"""Four persons at four levels, scored as high as the amount asks, none of the unit that declares; who comes second is told."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.kernel.errors import Conflict, DomainError, Forbidden, Invalid
from marketplace.projects.deadlines import recount_provisional
from marketplace.projects.declaring import submit_project
from marketplace.projects.noticing import current_notice
from marketplace.projects.offices import waits_for
from marketplace.projects.queries import reviews_of
from marketplace.projects.reviewing import name_cross_township, pass_project, refuse_project, return_project
from marketplace.projects.states import ProjectState
from marketplace.regions.models import Level
from marketplace.registry.cases.announcing import announce_workdays
from tests import factories
from tests.factories import NOW, TODAY, VILLAGE
from tests.projects.world import CITY, COUNTY, PROVINCE, SCORES, TOWNSHIP, declared, leave_office, officer, passed, world

S = ProjectState
BESIDE = "522636200"


def refused(error: type[DomainError], act: Callable[[], object]) -> str:
    with pytest.raises(error) as found:
        act()
    return found.value.code


def test_four_levels_pass_it_and_a_notice_hangs_out_for_ten_days(acting: Session) -> None:
    here = world()
    project = declared(here)
    passed(here, project)
    assert project.state == S.NOTICE
    assert [(row.level, row.total) for row in reviews_of(project)] == [
        (Level.TOWNSHIP, 75),
        (Level.COUNTY, 75),
        (Level.CITY, None),
        (Level.PROVINCE, None),
    ]
    notice = current_notice(project)
    assert notice is not None
    assert (notice.published_on, notice.closes_on) == (TODAY, TODAY + timedelta(days=10))


def test_levels_up_to_the_deciding_one_score_and_those_above_confirm(acting: Session) -> None:
    here = world()
    project = declared(here, fen=300_000_000)
    passed(here, project, S.TOWNSHIP, S.COUNTY)
    city, province = here.reviewers[S.CITY], here.reviewers[S.PROVINCE]
    assert refused(Invalid, lambda: pass_project(project, S.CITY, None, by=city, now=NOW)) == "scores_needed"
    passed(here, project, S.CITY)
    assert refused(Invalid, lambda: pass_project(project, S.PROVINCE, SCORES, by=province, now=NOW)) == "scores_not_asked"
    passed(here, project, S.PROVINCE)


@pytest.mark.parametrize(
    ("scores", "code"),
    [
        ({**SCORES, "need": 26}, "scores_wrong"),
        ({**SCORES, "need": -1}, "scores_wrong"),
        ({**SCORES, "beauty": 1}, "scores_wrong"),
        ({key: points for key, points in SCORES.items() if key != "cost"}, "scores_wrong"),
        # 59 of 100 points, where 60 are needed.
        ({**SCORES, "need": 4}, "score_low"),
    ],
)
def test_scores_follow_the_rubric(acting: Session, scores: dict[str, int], code: str) -> None:
    here = world()
    project, by = declared(here), here.reviewers[S.TOWNSHIP]
    assert refused(Invalid, lambda: pass_project(project, S.TOWNSHIP, scores, by=by, now=NOW)) == code
    assert (project.state, list(reviews_of(project))) == (S.TOWNSHIP, [])


def test_the_pass_mark_itself_passes(acting: Session) -> None:
    here = world()
    project = declared(here)
    assert pass_project(project, S.TOWNSHIP, {**SCORES, "need": 5}, by=here.reviewers[S.TOWNSHIP], now=NOW)


def test_who_comes_second_is_told_and_the_same_person_twice_is_once(acting: Session) -> None:
    here = world()
    project, second = declared(here), officer(TOWNSHIP)
    passed(here, project, S.TOWNSHIP)
    assert refused(Conflict, lambda: pass_project(project, S.TOWNSHIP, SCORES, by=second, now=NOW)) == "step_taken"
    assert refused(Conflict, lambda: return_project(project, S.TOWNSHIP, "x", by=second, now=NOW)) == "step_taken"
    assert not pass_project(project, S.TOWNSHIP, SCORES, by=here.reviewers[S.TOWNSHIP], now=NOW)
    assert len(reviews_of(project)) == 1


def test_nobody_judges_for_another_level_or_place_or_before_their_turn(acting: Session) -> None:
    here = world()
    project = declared(here)
    for by in (here.county, officer(VILLAGE), officer(BESIDE)):
        assert refused(Forbidden, lambda by=by: pass_project(project, S.TOWNSHIP, SCORES, by=by, now=NOW)) in (
            "other_level",
            "own_unit",
        )
    assert refused(Conflict, lambda: pass_project(project, S.COUNTY, SCORES, by=here.county, now=NOW)) == "project_state"


def test_the_declaring_unit_and_the_writer_never_judge(acting: Session) -> None:
    here = world()
    # An officer of the village that declares who holds an office of the township as well.
    both = officer(VILLAGE, TOWNSHIP)
    assert refused(Forbidden, lambda: pass_project(declared(here), S.TOWNSHIP, SCORES, by=both, now=NOW)) == "own_unit"
    writer = officer(VILLAGE, COUNTY)
    project = declared(here, asset="水窖", by=writer)
    leave_office(writer, VILLAGE)
    passed(here, project, S.TOWNSHIP)
    assert refused(Forbidden, lambda: pass_project(project, S.COUNTY, SCORES, by=writer, now=NOW)) == "same_person"


def test_one_person_with_offices_at_two_levels_judges_at_one(acting: Session) -> None:
    here = world()
    two = officer(COUNTY, CITY)
    project = declared(here)
    passed(here, project, S.TOWNSHIP)
    assert pass_project(project, S.COUNTY, SCORES, by=two, now=NOW)
    assert refused(Forbidden, lambda: pass_project(project, S.CITY, None, by=two, now=NOW)) == "same_person"
    passed(here, project, S.CITY)


def test_who_has_left_office_can_no_longer_judge_and_somebody_else_does(acting: Session) -> None:
    here = world()
    project, leaver = declared(here), here.reviewers[S.TOWNSHIP]
    leave_office(leaver)
    assert refused(Forbidden, lambda: pass_project(project, S.TOWNSHIP, SCORES, by=leaver, now=NOW)) == "other_level"
    assert pass_project(project, S.TOWNSHIP, SCORES, by=officer(TOWNSHIP), now=NOW)
    # What was judged in office stays judged after it.
    leave_office(here.county)
    assert pass_project(project, S.COUNTY, SCORES, by=officer(COUNTY), now=NOW)
    assert project.state == S.CITY


@pytest.mark.parametrize(
    ("handed_in_on", "due_on", "provisional"),
    [
        # Ten working days later is the year's last one; a day later it is the first of the next, behind the holiday.
        (date(2025, 12, 17), date(2025, 12, 31), False),
        (date(2025, 12, 18), date(2026, 1, 4), False),
        # The holidays of the next year are not announced yet: weekends alone are counted, and the page says so.
        (date(2026, 12, 17), date(2026, 12, 31), False),
        (date(2026, 12, 18), date(2027, 1, 1), True),
    ],
)
def test_a_review_is_due_on_the_last_working_day_of_the_year_and_not_in_the_holiday(
    acting: Session, handed_in_on: date, due_on: date, provisional: bool
) -> None:
    project = declared(world(), now=datetime.combine(handed_in_on, time(4), UTC))
    assert (project.due_on, project.due_provisional) == (due_on, provisional)


def test_a_deadline_into_an_unknown_year_is_counted_again_once_its_holidays_are_announced(acting: Session) -> None:
    here = world()
    begun = datetime.combine(date(2026, 12, 18), time(4), UTC)
    project = declared(here, now=begun)
    assert recount_provisional() == 0
    assert (project.due_on, project.due_provisional) == (date(2027, 1, 1), True)
    holiday = [date(2027, 1, day) for day in (1, 2, 3)]
    announce_workdays(PROVINCE, 2027, holiday, [], "国办发明电", by=here.reviewers[S.PROVINCE], now=begun)
    assert recount_provisional() == 1
    assert (project.due_on, project.due_provisional) == (date(2027, 1, 4), False)
    assert recount_provisional() == 0


def test_the_next_step_waits_for_the_office_whose_it_is_and_for_no_other(acting: Session) -> None:
    here = world()
    project = declared(here, submit=False)

    def whose() -> list[str]:
        areas = {"village": VILLAGE, "township": TOWNSHIP, "beside": BESIDE, "county": COUNTY, "city": CITY}
        return [name for name, area in areas.items() if waits_for(project, [area])]

    assert whose() == ["village"]
    submit_project(project, by=here.declarer, now=NOW)
    assert whose() == ["township"]
    # Somebody who holds an office of the unit as well is not asked.
    assert not waits_for(project, [VILLAGE, TOWNSHIP])
    passed(here, project, S.TOWNSHIP)
    assert whose() == ["county"]
    passed(here, project, S.COUNTY, S.CITY, S.PROVINCE)
    assert (project.state, whose()) == (S.NOTICE, ["county"])


def test_a_townships_project_waits_for_the_county_and_then_for_the_township_that_it_names(acting: Session) -> None:
    here = world(TOWNSHIP)
    factories.area(BESIDE)
    project = declared(here)
    assert [waits_for(project, [area]) for area in (TOWNSHIP, COUNTY, BESIDE)] == [False, True, False]
    name_cross_township(project, BESIDE, by=here.county, now=NOW)
    assert [waits_for(project, [area]) for area in (TOWNSHIP, COUNTY, BESIDE)] == [False, False, True]


def test_returning_and_refusing_need_a_reason(acting: Session) -> None:
    here = world()
    project, by = declared(here), here.reviewers[S.TOWNSHIP]
    for act in (return_project, refuse_project):
        assert refused(Invalid, lambda act=act: act(project, S.TOWNSHIP, "  ", by=by, now=NOW)) == "reason_needed"
    assert refuse_project(project, S.TOWNSHIP, "与规划不符", by=by, now=NOW)
    assert not refuse_project(project, S.TOWNSHIP, "与规划不符", by=by, now=NOW)
    assert (project.state, project.due_on) == (S.REFUSED, None)


def test_a_townships_own_project_is_judged_by_another_township_that_the_county_names(acting: Session) -> None:
    here = world(TOWNSHIP)
    factories.area(BESIDE)
    project, neighbour = declared(here), officer(BESIDE)
    mine = here.reviewers[S.TOWNSHIP]
    assert refused(Forbidden, lambda: pass_project(project, S.TOWNSHIP, SCORES, by=mine, now=NOW)) == "own_unit"
    assert refused(Forbidden, lambda: pass_project(project, S.TOWNSHIP, SCORES, by=neighbour, now=NOW)) == "cross_missing"
    for code in (TOWNSHIP, COUNTY, VILLAGE):
        assert refused(Invalid, lambda code=code: name_cross_township(project, code, by=here.county, now=NOW)) == "cross_wrong"
    assert refused(Forbidden, lambda: name_cross_township(project, BESIDE, by=neighbour, now=NOW)) == "other_level"
    name_cross_township(project, BESIDE, by=here.county, now=NOW)
    assert pass_project(project, S.TOWNSHIP, SCORES, by=neighbour, now=NOW)


def test_a_villages_project_needs_no_other_township(acting: Session) -> None:
    here = world()
    factories.area(BESIDE)
    project = declared(here)
    assert refused(Conflict, lambda: name_cross_township(project, BESIDE, by=here.county, now=NOW)) == "cross_not_needed"


def test_the_database_itself_refuses_two_reviews_of_a_level_or_a_person(acting: Session) -> None:
    here = world()
    project = declared(here)
    passed(here, project, S.TOWNSHIP)
    again = text(
        "INSERT INTO project_review (project_id, round, level, outcome, reason, reviewer_id, at)"
        " VALUES (:project, 1, :level, 'passed', '', :by, now())"
    )
    first = here.reviewers[S.TOWNSHIP].id
    for level, by, name in ((9, here.county.id, "round_level"), (6, first, "round_reviewer_id")):
        with pytest.raises(IntegrityError, match=name), acting.begin_nested():
            acting.execute(again, {"project": project.id, "level": level, "by": by})
    with pytest.raises(IntegrityError), acting.begin_nested():
        acting.execute(text("DELETE FROM project_review"))
    assert [(row.level, row.reviewer_id) for row in reviews_of(project)] == [(9, first)]
