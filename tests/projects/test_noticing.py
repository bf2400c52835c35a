"""Ten days of notice, objections by anybody, and no approval before both are over; the database holds to it as well."""

from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.kernel.errors import Conflict, DomainError, Forbidden, Invalid
from marketplace.projects.declaring import submit_project
from marketplace.projects.models import Project
from marketplace.projects.noticing import approve_project, current_notice, decide_objection, object_to
from marketplace.projects.states import ObjectionAction, ProjectState
from marketplace.projects.tracking import complete_project, stop_project
from marketplace.registry.rules import set_rule
from tests.factories import NOW, TODAY, VILLAGE
from tests.projects.world import CITY, COUNTY, PROVINCE, World, declared, officer, passed, world

S = ProjectState
CLOSED = NOW + timedelta(days=11)


def refused(error: type[DomainError], act: Callable[[], object]) -> str:
    with pytest.raises(error) as found:
        act()
    return found.value.code


def on_notice(here: World) -> Project:
    project = declared(here)
    passed(here, project)
    return project


def test_it_is_approved_the_day_after_the_tenth_and_not_on_it(acting: Session) -> None:
    here = world()
    project = on_notice(here)
    tenth = NOW + timedelta(days=10)
    with pytest.raises(Conflict) as early:
        approve_project(project, by=here.county, now=tenth)
    assert (early.value.code, early.value.data) == ("too_early", {"day": "2026-06-26"})
    assert (project.state, project.approved_fen) == (S.NOTICE, 0)
    assert approve_project(project, by=here.county, now=CLOSED)
    assert not approve_project(project, by=here.county, now=CLOSED)
    assert (project.state, project.approved_fen, project.paid_fen) == (S.APPROVED, 10_000_000, 0)
    notice = current_notice(project)
    assert notice is not None
    assert notice.closed_on == TODAY + timedelta(days=11)


def test_a_province_may_ask_for_more_days_and_never_for_fewer(acting: Session) -> None:
    here = world()
    for days, hangs in ((3, 10), (15, 15)):
        set_rule("project.notice", PROVINCE, TODAY, {"days": days}, "文件", by=officer(PROVINCE), now=NOW)
        project = declared(here, asset=f"水窖{days}")
        passed(here, project)
        notice = current_notice(project)
        assert notice is not None
        assert (notice.closes_on - notice.published_on).days == hangs


def test_the_level_that_decides_approves_and_no_other(acting: Session) -> None:
    here = world()
    project = declared(here, fen=300_000_000)
    passed(here, project)
    for by in (here.county, here.reviewers[S.PROVINCE], here.declarer):
        assert refused(Forbidden, lambda by=by: approve_project(project, by=by, now=CLOSED)) == "other_level"
    assert approve_project(project, by=officer(CITY), now=CLOSED)


def test_nobody_of_the_unit_approves_answers_objections_or_accepts_whatever_other_office_they_hold(acting: Session) -> None:
    here = world()
    both = officer(VILLAGE, COUNTY)
    project = on_notice(here)
    objection = object_to(project, "水渠已修过", "", now=NOW)
    for act in (
        lambda: decide_objection(project, objection, ObjectionAction.REJECT, "不属实", by=both, now=NOW),
        lambda: approve_project(project, by=both, now=CLOSED),
        lambda: complete_project(project, by=both, now=CLOSED),
        lambda: stop_project(project, "塌方", by=both, now=CLOSED),
    ):
        assert refused(Forbidden, act) == "own_unit"
    assert (project.state, objection.state) == (S.NOTICE, "open")


def test_an_open_objection_keeps_it_from_being_approved_until_somebody_else_has_decided(acting: Session) -> None:
    here = world()
    project = on_notice(here)
    objection = object_to(project, "水渠已由别的项目修过", "13800000000", now=NOW)
    assert refused(Conflict, lambda: approve_project(project, by=here.county, now=CLOSED)) == "objection_open"
    decide = [project, objection, ObjectionAction.REJECT]
    assert refused(Forbidden, lambda: decide_objection(*decide, "不属实", by=here.county, now=NOW)) == "same_person"
    assert refused(Forbidden, lambda: decide_objection(*decide, "不属实", by=officer(CITY), now=NOW)) == "other_level"
    second = officer(COUNTY)
    assert refused(Invalid, lambda: decide_objection(*decide, " ", by=second, now=NOW)) == "reason_needed"
    assert decide_objection(*decide, "现场核实，不属实", by=second, now=NOW)
    assert not decide_objection(*decide, "现场核实，不属实", by=second, now=NOW)
    assert approve_project(project, by=here.county, now=CLOSED)


def test_an_objection_that_is_upheld_takes_the_notice_down_and_all_levels_look_again(acting: Session) -> None:
    here = world()
    project = on_notice(here)
    objection = object_to(project, "受益户不符", "", now=NOW)
    assert decide_objection(project, objection, ObjectionAction.UPHOLD, "属实", by=officer(COUNTY), now=NOW)
    notice = current_notice(project)
    assert notice is not None
    assert (project.state, notice.stopped, notice.closed_on) == (S.RETURNED, True, TODAY)
    assert refused(Conflict, lambda: object_to(project, "x", "", now=NOW)) == "notice_closed"
    submit_project(project, by=here.declarer, now=NOW)
    passed(here, project)
    assert (project.state, project.round) == (S.NOTICE, 2)
    assert approve_project(project, by=here.county, now=CLOSED)


def test_an_objection_needs_words_and_a_notice_that_hangs_out(acting: Session) -> None:
    here = world()
    waiting = declared(here, asset="水窖")
    assert refused(Conflict, lambda: object_to(waiting, "x", "", now=NOW)) == "notice_closed"
    project = on_notice(here)
    for words, contact in (("", ""), ("x" * 1001, ""), ("x", "y" * 121)):
        assert refused(Invalid, lambda w=words, c=contact: object_to(project, w, c, now=NOW)) == "objection_invalid"
    sealed = acting.scalar(text("SELECT count(*) FROM project_objection"))
    object_to(project, "水渠已修过", "13800000000", now=NOW)
    row = acting.execute(text("SELECT words, contact FROM project_objection")).one()
    assert sealed == 0
    assert "水渠" not in str(row.words)
    assert "13800000000" not in str(row.contact)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("UPDATE project_notice SET closes_on = published_on + 9", "ten_days"),
        ("UPDATE project_notice SET closed_on = closes_on", "closed_after_its_length"),
        ("UPDATE project SET state = 'approved', approved_at = now(), approved_by_id = drafted_by_id", "notice_closed"),
        ("UPDATE project SET paid_fen = 1, approved_fen = 1", "paid_by_payments"),
    ],
)
def test_the_database_itself_holds_to_the_notice(acting: Session, change: str, name: str) -> None:
    on_notice(world())
    with pytest.raises(IntegrityError) as refusal, acting.begin_nested():
        acting.execute(text(change))
    assert isinstance(refusal.value.orig, psycopg.IntegrityError)
    assert str(refusal.value.orig.diag.constraint_name).endswith(name)


def test_the_database_itself_refuses_three_levels(acting: Session) -> None:
    here = world()
    project = declared(here)
    passed(here, project, S.TOWNSHIP, S.COUNTY, S.CITY)
    jump = text("UPDATE project SET state = 'approved', approved_at = now(), approved_by_id = :by WHERE id = :id")
    with pytest.raises(IntegrityError) as refusal, acting.begin_nested():
        acting.execute(jump, {"by": here.county.id, "id": project.id})
    assert "four levels" in str(refusal.value.orig)
