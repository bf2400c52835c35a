"""The demo's projects: every state is there, public money agrees, and what lags or broke is on somebody's list."""

from collections import Counter
from datetime import date
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.demo.project_templates import add_project_templates
from marketplace.demo.projects import PLANS, add_projects
from marketplace.funds.queries import ledger_faults
from marketplace.kernel.db import db
from marketplace.projects.models import Project, TemplateVersion
from marketplace.projects.queries import beneficiary_count, checks_due, warnings_within
from marketplace.projects.states import ProjectState
from marketplace.projects.templates import template_on
from marketplace.registry.reading import Reach
from tests import factories
from tests.factories import NOW, TODAY, VILLAGE
from tests.projects.world import COUNTY, PROVINCE, officer

BESIDE = "522636101001"


def test_the_demo_has_a_project_in_every_state_and_its_money_agrees(acting: Session, tmp_path: Path) -> None:
    for village in (VILLAGE, BESIDE):
        for _ in range(3):
            factories.household(village, registered_from=date(2020, 1, 1))
    areas = {village[:level] for village in (VILLAGE, BESIDE) for level in (2, 4, 6, 9, 12)}
    add_projects({area: [officer(area).id, officer(area).id] for area in areas}, tmp_path, now=NOW)
    projects = db.session.scalars(select(Project)).all()
    assert Counter(project.state for project in projects) == Counter(plan.reaches.value for plan in PLANS)
    assert {project.state for project in projects} == {state.value for state in ProjectState}
    assert {beneficiary_count(project) for project in projects if project.state != ProjectState.DRAFT} == {3}
    assert ledger_faults() == []
    assert sum(project.paid_fen for project in projects) == sum(90 * plan.yuan * plan.paid // 100 for plan in PLANS)
    here = Reach.of([COUNTY], "test")
    assert [project.asset for project, _ in warnings_within(here, TODAY)] == ["蔬菜大棚"]
    assert [(project.asset, check.years) for check, project in checks_due(here, TODAY)] == [("提灌站", 2), ("村卫生室", 1)]


def test_the_demo_has_a_version_to_come_and_one_that_waits_for_its_second_person(acting: Session) -> None:
    factories.area()
    add_project_templates({area: [officer(area).id, officer(area).id] for area in (PROVINCE, COUNTY)}, now=NOW)
    rows = {row.area_code: row for row in db.session.scalars(select(TemplateVersion))}
    assert {area: (row.number, row.state) for area, row in rows.items()} == {PROVINCE: (2, "confirmed"), COUNTY: (1, "entered")}
    assert (template_on(VILLAGE, TODAY).version, template_on(VILLAGE, rows[PROVINCE].begins_on).version) == ("1", "52-2")
