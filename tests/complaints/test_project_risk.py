"""Projects come into the plan by what the database knows of them; who builds and who declares learn nothing of it."""

import random
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from marketplace.complaints.candidates import candidates
from marketplace.complaints.checklists import CHECKLISTS
from marketplace.complaints.inspections import (
    answer_items,
    begin_inspection,
    findings_for,
    get_inspection_for,
    inspections_for,
    plan_inspections,
    report,
)
from marketplace.complaints.models import About, ComplaintKind, Drawn, Topic, Verdict
from marketplace.complaints.project_signs import missed
from marketplace.complaints.risk import PROJECT_SIGNS, Signs, choose
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import NotFound
from marketplace.projects.models import Project
from marketplace.projects.noticing import approve_project
from marketplace.projects.reviewing import name_cross_township
from marketplace.projects.states import ProjectState
from marketplace.projects.tracking import start_project
from marketplace.registry.complaint_rules import PROJECT_WEIGHTS, RANDOM_SHARE, RULES
from tests.complaints.seeded_projects import projects
from tests.complaints.world import CITY, COUNTY, OTHER_COUNTY, OTHER_TOWNSHIP, TOWNSHIP, filed
from tests.complaints.world import world as county
from tests.factories import NOW, TODAY, VILLAGE
from tests.projects.world import World, approved, declared, officer, passed, world
from tests.web.conftest import Browser, StatementCount

SHIPPED = {rule.name: rule.value for rule in RULES}


def signs_of(project: Project, day_offset: int = 11) -> Signs:
    found = {each.subject: each.signs for each in candidates(Topic.PROJECTS, COUNTY, TODAY + timedelta(days=day_offset))}
    return found[project.public_id]


def test_the_shipped_weights_name_every_sign_of_projects() -> None:
    assert sorted(SHIPPED[PROJECT_WEIGHTS]) == sorted(PROJECT_SIGNS)


def test_risk_finds_at_least_twice_the_seeded_faults_of_chance_among_projects() -> None:
    """Thirty of 300 projects in each of 40 worlds; what chance finds is its mean, thirty times the share of faulty ones."""
    found = expected = 0.0
    for seed in range(40):
        seeded = projects(300, seed)
        chosen = choose(seeded, 30, SHIPPED[PROJECT_WEIGHTS], SHIPPED[RANDOM_SHARE], random.Random(1_000 + seed))
        found += sum(thing.faulty for thing, _, _ in chosen)
        expected += 30 * sum(thing.faulty for thing in seeded) / len(seeded)
    assert found / expected >= 2.0


def test_only_what_is_approved_is_a_candidate_with_its_money_and_its_complaints(acting: Session) -> None:
    county()
    here = world()
    declared(here, asset="水窖")
    project = approved(here)
    filed(kind=ComplaintKind.INVESTIGATION, about=About.PROJECT, subject=project.reference)
    (found,) = candidates(Topic.PROJECTS, COUNTY, TODAY + timedelta(days=11))
    assert (found.subject, found.title, found.area_code) == (project.public_id, project.name, project.unit_code)
    assert found.signs == Signs(complaints=1, size=10_000_000)
    assert candidates(Topic.PROJECTS, OTHER_COUNTY, TODAY) == []


def test_milestones_missed_and_work_ahead_of_money_are_signs(acting: Session) -> None:
    here = world()
    project = approved(here)
    first, _second = project.milestones
    assert missed(project, first.due_on) == 0
    assert missed(project, first.due_on + timedelta(days=1)) == 1
    assert start_project(project, by=here.declarer, now=NOW + timedelta(days=11))
    first.reached_on, first.reached_by_id = first.due_on + timedelta(days=1), here.declarer.id
    db.session.flush()
    # A third of the work is done a day late, and nothing is paid.
    assert signs_of(project, 40) == Signs(gap=3_000, late=1, size=10_000_000)
    assert signs_of(project, 100).late == 2


def test_parts_below_the_countys_limit_that_are_above_it_together_are_a_sign(acting: Session) -> None:
    here = world()
    parts = [
        _approved(here, fen, asset) for fen, asset in ((120_000_000, "水渠一"), (70_000_000, "水渠二"), (10_000_000, "水渠三"))
    ]
    assert [signs_of(part).split for part in parts] == [0, 0, 0]
    # One fen more is above the two million yuan up to which the county decides.
    one = _approved(here, 1, "水渠四")
    assert [signs_of(part).split for part in (*parts, one)] == [3, 3, 3, 3]
    parts[0].category = "roads"
    db.session.flush()
    assert [signs_of(part).split for part in (*parts, one)] == [0, 0, 0, 0]


def test_a_plan_of_projects_keeps_its_lot_and_is_read_by_auditors_alone(acting: Session) -> None:
    there, here = county(), world()
    rows = [approved(here)] + [_approved(here, 1_000_000, f"水窖{at}") for at in range(9)]
    loud = rows[4]
    for _ in range(3):
        filed(about=About.PROJECT, subject=loud.reference)
    auditor = there.auditors[COUNTY]
    plan = plan_inspections(Topic.PROJECTS, COUNTY, 5, by=auditor, now=NOW + timedelta(days=11), lots=random.Random(3))
    assert (plan[0].subject, plan[0].drawn) == (loud.public_id, Drawn.RISK)
    assert [row.drawn for row in plan].count(Drawn.LOT) == 1
    assert set(plan[0].features) == set(plan[0].weights) == set(PROJECT_SIGNS)
    assert len(candidates(Topic.PROJECTS, COUNTY, TODAY + timedelta(days=11))) == 5
    for told in (here.declarer, *here.reviewers.values(), there.officers[COUNTY], there.auditors[OTHER_COUNTY]):
        assert inspections_for(told) == []
        with pytest.raises(NotFound):
            get_inspection_for(plan[0].public_id, told)


def test_a_finding_is_read_by_the_unit_that_builds_and_not_by_the_village_in_which_it_does(
    client: FlaskClient,
) -> None:
    with transaction():
        there, own = county(), world(TOWNSHIP)
        own.reviewers[ProjectState.TOWNSHIP] = officer(OTHER_TOWNSHIP)
        project = declared(own, now=clock.now() - timedelta(days=40))
        name_cross_township(project, OTHER_TOWNSHIP, by=own.county, now=clock.now() - timedelta(days=40))
        passed(own, project, now=clock.now() - timedelta(days=40))
        approve_project(project, by=own.county, now=clock.now() - timedelta(days=20))
        inspector = there.auditors[COUNTY]
        (row,) = plan_inspections(Topic.PROJECTS, COUNTY, 5, by=inspector, now=clock.now())
        begin_inspection(row, by=inspector, now=clock.now())
        right = dict.fromkeys(CHECKLISTS[Topic.PROJECTS], (Verdict.RIGHT, ""))
        answer_items(row, {**right, next(iter(right)): (Verdict.WRONG, "渠道只有一公里")}, by=inspector, now=clock.now())
        (finding,) = report(row, by=inspector, now=clock.now())
        address, inspection, village = f"/inspection/findings/{finding.public_id}", row.public_id, there.officers[VILLAGE]
        assert (row.area_code, project.place_code) == (TOWNSHIP, VILLAGE)
        read = [own.declarer, own.county, there.officers[CITY], inspector, there.auditors[CITY]]
        hidden = [village, officer(OTHER_TOWNSHIP), there.officers[OTHER_COUNTY], there.auditors[OTHER_COUNTY]]
        assert [len(findings_for(each)) for each in (*read, *hidden)] == [1, 1, 1, 1, 1, 0, 0, 0, 0]
    browser = Browser(client)
    browser.is_now(village)
    assert "渠道只有一公里" not in browser.get("/inspection/findings").text
    assert browser.post(address, {"action": "appeal", "words": "不认"}).status_code == 404
    browser.is_now(own.declarer)
    assert "渠道只有一公里" in browser.get("/inspection/findings").text
    assert browser.get(f"/oversight/plan/{inspection}").status_code == 403
    assert browser.get("/oversight/plan").status_code == 403
    assert browser.post(f"/oversight/plan/{inspection}/call-off").status_code == 403
    assert browser.post(address, {"action": "confirm"}).status_code == 403
    assert browser.post(address, {"action": "appeal", "words": "有两公里"}).status_code == 303
    browser.is_now(there.auditors[OTHER_COUNTY])
    assert browser.get(f"/oversight/plan/{inspection}").status_code == 404


def test_the_signs_of_many_projects_take_no_more_questions_than_those_of_one(acting: Session) -> None:
    here, counts, connection = world(), [], acting.connection()
    for at in range(3):
        _approved(here, 1_000_000, f"水窖{at}")
        acting.expire_all()
        count = StatementCount()
        event.listen(connection, "before_cursor_execute", count.note)
        assert len(candidates(Topic.PROJECTS, COUNTY, TODAY + timedelta(days=11))) == at + 1
        event.remove(connection, "before_cursor_execute", count.note)
        counts.append(len(count.statements))
    assert counts[0] == counts[1] == counts[2] > 0


def _approved(here: World, fen: int, asset: str) -> Project:
    """A project that has come to be approved as others do."""
    project = declared(here, fen=fen, asset=asset)
    passed(here, project)
    assert approve_project(project, by=here.county, now=NOW + timedelta(days=11))
    assert project.state == ProjectState.APPROVED
    return project
