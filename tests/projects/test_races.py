"""Two offices at one moment on real connections: one step is taken, and who comes second is told."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import func, select, text

from marketplace.complaints.models import Drawn, Inspection, Topic
from marketplace.identity.models import Account
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.projects.entering import decide_version, enter_version
from marketplace.projects.models import Project, ProjectNotice, Review, TemplateVersion
from marketplace.projects.noticing import approve_project, object_to
from marketplace.projects.queries import open_objections
from marketplace.projects.reviewing import pass_project, return_project
from marketplace.projects.states import ProjectState, TemplateAction
from marketplace.projects.templates import get_version
from tests import factories
from tests.factories import NOW
from tests.own_database import own_database, race
from tests.projects.test_templates import WHOLE
from tests.projects.world import COUNTY, PROVINCE, SCORES, TOWNSHIP, declared, officer, passed, world

S = ProjectState
CLOSED = NOW + timedelta(days=11)
Act = Callable[[Project, Account], object]


@pytest.fixture(scope="module")
def offices(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    with own_database(database_server, data_dir, "projects-races") as app:
        yield app


def at_once(app: Flask, project_id: int, *acts: tuple[Act, int]) -> list[str]:
    """Let all act on a project at one moment; answers the codes of those who were told that they came second."""

    def runner(act: Act, account_id: int) -> Callable[[], object]:
        def run() -> object:
            with transaction():
                return act(db.session.get_one(Project, project_id), db.session.get_one(Account, account_id))

        return run

    lock = f"SELECT FROM project WHERE id = {project_id} FOR UPDATE"
    answers = race(app, *(runner(act, account_id) for act, account_id in acts), behind=lock)
    told = [answer for answer in answers if isinstance(answer, Exception)]
    assert all(isinstance(answer, Conflict) for answer in told), told
    return [answer.code for answer in told if isinstance(answer, Conflict)]


def test_of_two_reviewers_at_once_one_judges(offices: Flask) -> None:
    with offices.app_context():
        with transaction():
            here = world()
            project, first, second = declared(here), here.reviewers[S.TOWNSHIP], officer(TOWNSHIP)
        project_id, first_id, second_id = project.id, first.id, second.id

    def let_pass(project: Project, by: Account) -> object:
        return pass_project(project, S.TOWNSHIP, SCORES, by=by, now=NOW)

    def send_back(project: Project, by: Account) -> object:
        return return_project(project, S.TOWNSHIP, "请补充预算", by=by, now=NOW)

    assert at_once(offices, project_id, (let_pass, first_id), (send_back, second_id)) == ["step_taken"]
    with offices.app_context():
        review = db.session.scalars(select(Review).filter_by(project_id=project_id)).one()
        state = db.session.get_one(Project, project_id).state
        assert (review.outcome, state) in {("passed", S.COUNTY), ("returned", S.RETURNED)}


def test_an_objection_at_the_moment_of_the_approval_is_heard_before_it_or_told_that_it_is_late(offices: Flask) -> None:
    with offices.app_context():
        with transaction():
            here = world()
            project = declared(here, asset="水窖")
            passed(here, project)
        project_id, county_id = project.id, here.county.id

    def object_here(project: Project, by: Account) -> object:
        return object_to(project, "已修过", "", now=CLOSED)

    def approve(project: Project, by: Account) -> object:
        return approve_project(project, by=by, now=CLOSED)

    told = at_once(offices, project_id, (object_here, county_id), (approve, county_id))
    with offices.app_context():
        notice = db.session.scalars(select(ProjectNotice).filter_by(project_id=project_id)).one()
        state, heard = db.session.get_one(Project, project_id).state, open_objections(notice)
        assert (told, state, heard) in [(["objection_open"], S.NOTICE, 1), (["notice_closed"], S.APPROVED, 0)]
        assert db.session.scalar(select(func.count()).select_from(ProjectNotice)) == 1


def test_of_two_officers_who_write_or_confirm_at_once_one_is_first(offices: Flask) -> None:
    with offices.app_context(), transaction():
        factories.area()
        writers = [officer(PROVINCE).id for _ in range(2)]

    def write(by_id: int) -> Callable[[], object]:
        def run() -> object:
            with transaction():
                return enter_version(PROVINCE, WHOLE, by=db.session.get_one(Account, by_id), now=NOW).entered_by_id

        return run

    lock = f"SELECT FROM area WHERE code = '{PROVINCE}' FOR UPDATE"
    answers = race(offices, *(write(by_id) for by_id in writers), behind=lock)
    (first,) = [answer for answer in answers if isinstance(answer, int)]
    assert [answer.code for answer in answers if isinstance(answer, Conflict)] == ["template_waits"]
    with offices.app_context():
        row = db.session.scalars(select(TemplateVersion)).one()
        row_id, public_id = row.id, row.public_id
        second = next(by_id for by_id in writers if by_id != first)
        with transaction():
            third = officer(PROVINCE).id

    def decide(by_id: int, action: TemplateAction) -> Callable[[], object]:
        def run() -> object:
            with transaction():
                found = get_version(public_id, [PROVINCE])
                return decide_version(found, action, by=db.session.get_one(Account, by_id), now=NOW)

        return run

    lock = f"SELECT FROM project_template WHERE id = {row_id} FOR UPDATE"
    acts = (decide(second, TemplateAction.CONFIRM), decide(third, TemplateAction.DISCARD))
    answers = race(offices, *acts, behind=lock)
    assert [answer for answer in answers if answer is True] == [True]
    assert [answer.code for answer in answers if isinstance(answer, Conflict)] == ["template_state"]


def test_what_was_handed_in_goes_to_the_migration_before_and_back_and_inspections_of_projects_go(offices: Flask) -> None:
    """The last test of this database, which it takes a step back and forward again."""
    with offices.app_context():
        with transaction():
            here = world()
            handed_in, draft = declared(here, asset="水塔").id, declared(here, asset="水井", submit=False).id
            planned = {"planned_by_id": here.county.id, "planned_on": NOW.date(), "drawn": Drawn.LOT, "area_code": COUNTY}
            counted = {"score_bp": 0, "features": {}, "weights": {}, "title": "一"}
            for topic, subject in ((Topic.PROJECTS, "a"), (Topic.POLICY, TOWNSHIP)):
                db.session.add(Inspection(topic=topic, subject=subject, due_on=NOW.date(), **planned, **counted))
        db.session.remove()
        downgrade(revision="0047")
        versions = dict(db.session.execute(text("SELECT id, template_version FROM project")).all())
        assert (versions[handed_in], versions[draft]) == ("2021-1", None)
        assert db.session.scalars(text("SELECT topic FROM inspection")).all() == ["policy"]
        db.session.remove()
        upgrade()
        rows = {row.id: row.handed_in_on for row in db.session.scalars(select(Project))}
        assert (rows[handed_in], rows[draft]) == (NOW.date(), None)
