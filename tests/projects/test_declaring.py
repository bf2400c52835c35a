"""Eleven items and eleven refusals, the negative list, the same thing paid for once, drafts that keep what was typed."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.identity.models import Account
from marketplace.kernel.errors import Conflict, DomainError, Forbidden, Invalid
from marketplace.projects.declaring import (
    Part,
    Source,
    draft_project,
    missing_items,
    save_beneficiaries,
    save_draft,
    save_milestones,
    save_sources,
    submit_project,
    withdraw_project,
)
from marketplace.projects.models import Project, SourceKind
from marketplace.projects.reviewing import return_project
from marketplace.projects.standard import ITEMS
from marketplace.projects.states import ProjectState
from marketplace.regions.models import Level
from marketplace.registry.rules import set_rule
from tests import factories
from tests.factories import NOW, TODAY, VILLAGE
from tests.projects.world import COUNTY, PROVINCE, TOWNSHIP, declared, officer, world

Emptied = Callable[[Project, Account], None]


def _without(**changes: object) -> Emptied:
    return lambda project, by: save_draft(project, changes, by=by, now=NOW)


EMPTIED: dict[str, Emptied] = {
    "name": _without(name=None),
    "category": _without(category=None),
    "nature": _without(nature=None),
    "place": _without(asset=None),
    "schedule": lambda project, by: save_milestones(project, [Part("开工", 99, TODAY)], by=by, now=NOW),
    "unit": _without(responsible=" "),
    "task": _without(task=None),
    "funds": lambda project, by: save_sources(project, [], by=by, now=NOW),
    "beneficiaries": lambda project, by: save_beneficiaries(project, [], by=by, now=NOW),
    "target": _without(target=None),
    "mechanism": _without(mechanism=None),
}


def refused(error: type[DomainError], act: Callable[[], object]) -> str:
    with pytest.raises(error) as found:
        act()
    return found.value.code


def test_there_are_eleven_items() -> None:
    assert len(ITEMS) == len(EMPTIED) == 11


@pytest.mark.parametrize("item", ITEMS)
def test_a_declaration_without_an_item_is_refused_by_its_name(acting: Session, item: str) -> None:
    here = world()
    project = declared(here, submit=False)
    assert missing_items(project, TODAY) == []
    EMPTIED[item](project, here.declarer)
    assert missing_items(project, TODAY) == [item]
    assert refused(Invalid, lambda: submit_project(project, by=here.declarer, now=NOW)) == f"item_missing_{item}"
    assert (project.state, project.round) == (ProjectState.DRAFT, 0)


def test_a_whole_declaration_goes_to_the_township_and_twice_is_once(acting: Session) -> None:
    here = world()
    project = declared(here)
    assert not submit_project(project, by=here.declarer, now=NOW)
    assert (project.state, project.round) == (ProjectState.TOWNSHIP, 1)
    # Ten working days after Monday, 2026-06-15, over the Dragon Boat holiday on Friday the 19th.
    assert project.due_on == date(2026, 6, 30)


def test_a_deadline_over_the_last_working_day_of_the_year_is_counted_and_said_to_be_provisional(acting: Session) -> None:
    here = world()
    late = NOW.replace(month=12, day=24)
    project = declared(here, now=late)
    # The holidays of 2027 are not announced: weekends alone count, and a person can see that they do.
    assert (project.due_on, project.due_provisional) == (date(2027, 1, 7), True)
    before = declared(here, now=NOW.replace(month=12, day=17), asset="水窖")
    assert (before.due_on, before.due_provisional) == (date(2026, 12, 31), False)


@pytest.mark.parametrize("words", ["改建乡政府办公楼", "购买公务用车一辆", "发放奖金", "偿还债务"])
def test_what_the_negative_list_names_is_refused(acting: Session, words: str) -> None:
    here = world()
    project = declared(here, submit=False)
    save_draft(project, {"task": words}, by=here.declarer, now=NOW)
    assert refused(Invalid, lambda: submit_project(project, by=here.declarer, now=NOW)) == "barred"


def test_the_same_thing_at_the_same_place_in_the_same_time_is_paid_for_once(acting: Session) -> None:
    here = world()
    declared(here, asset="灌溉 水渠")
    again = declared(here, asset="灌溉水渠", submit=False)
    assert refused(Conflict, lambda: submit_project(again, by=here.declarer, now=NOW)) == "funded_twice"
    save_draft(again, {"asset": "蓄水池"}, by=here.declarer, now=NOW)
    assert submit_project(again, by=here.declarer, now=NOW)


def test_the_same_thing_in_another_time_is_no_duplicate(acting: Session) -> None:
    here = world()
    declared(here)
    declared(here, now=NOW + timedelta(days=101))


def test_one_fen_is_an_amount_and_none_is_not(acting: Session) -> None:
    here = world()
    project = declared(here, fen=1)
    assert (project.budget_fen, project.public_fen, project.decides) == (1, 1, Level.COUNTY)
    draft = declared(here, asset="水窖", submit=False)
    nothing = [Source(SourceKind.FISCAL, "文件", 0)]
    assert refused(Invalid, lambda: save_sources(draft, nothing, by=here.declarer, now=NOW)) == "source_amount"


@pytest.mark.parametrize(
    ("fen", "level"),
    [
        (200_000_000, Level.COUNTY),
        (200_000_001, Level.CITY),
        (500_000_000, Level.CITY),
        (500_000_001, Level.PROVINCE),
    ],
)
def test_the_amount_decides_how_high(acting: Session, fen: int, level: Level) -> None:
    assert declared(world(), fen=fen).decides == level


def test_a_limit_that_begins_tomorrow_holds_tomorrow(acting: Session) -> None:
    here = world()
    set_rule("project.county_decides_fen", PROVINCE, TODAY + timedelta(days=1), 5, "文件", by=officer(PROVINCE), now=NOW)
    assert declared(here).decides == Level.COUNTY
    assert declared(here, asset="水窖", now=NOW + timedelta(days=1)).decides == Level.CITY


def test_a_draft_keeps_what_was_typed_and_says_what_cannot_be(acting: Session) -> None:
    here = world()
    project = draft_project(VILLAGE, "水渠", by=here.declarer, now=NOW)
    save_draft(project, {"task": "修水渠"}, by=here.declarer, now=NOW)
    for changes, code in (
        ({"category": "palaces"}, "category_unknown"),
        ({"nature": "odd"}, "nature_unknown"),
        ({"begins_on": TODAY, "ends_on": TODAY - timedelta(days=1)}, "schedule_backward"),
        ({"name": "长" * 81}, "text_long"),
        ({"paid_fen": 5}, "item_unknown"),
    ):
        assert refused(Invalid, lambda changes=changes: save_draft(project, changes, by=here.declarer, now=NOW)) == code
    assert (project.task, project.name, project.category) == ("修水渠", "水渠", None)


def test_beneficiaries_are_registered_households_of_the_unit(acting: Session) -> None:
    here = world()
    project = declared(here, submit=False)
    elsewhere = factories.household("522636100002", registered_from=date(2020, 1, 1))
    unregistered = factories.household()
    left = factories.household(registered_from=date(2020, 1, 1), registered_until=TODAY)
    for household in (elsewhere, unregistered, left):
        ids = [here.households[0].id, household.id]
        assert refused(Invalid, lambda ids=ids: save_beneficiaries(project, ids, by=here.declarer, now=NOW)) == (
            "beneficiary_unknown"
        )
    assert missing_items(project, TODAY) == []


def test_only_the_unit_writes_and_only_while_it_is_a_draft(acting: Session) -> None:
    here = world()
    project = declared(here, submit=False)
    beside = officer("522636100002")
    assert refused(Forbidden, lambda: save_draft(project, {"task": "x"}, by=beside, now=NOW)) == "other_unit"
    assert refused(Forbidden, lambda: draft_project(VILLAGE, "x", by=here.county, now=NOW)) == "other_level"
    submit_project(project, by=here.declarer, now=NOW)
    assert refused(Conflict, lambda: save_draft(project, {"task": "x"}, by=here.declarer, now=NOW)) == "project_state"
    assert refused(Conflict, lambda: withdraw_project(project, by=here.declarer, now=NOW)) == "project_state"


def test_what_was_returned_can_be_mended_and_comes_again_in_a_new_round(acting: Session) -> None:
    here = world()
    project = declared(here)
    reviewer = here.reviewers[ProjectState.TOWNSHIP]
    assert return_project(project, ProjectState.TOWNSHIP, "目标不清楚", by=reviewer, now=NOW)
    assert project.state == ProjectState.RETURNED
    save_draft(project, {"target": "灌溉面积增加四百亩"}, by=here.declarer, now=NOW)
    assert submit_project(project, by=here.declarer, now=NOW)
    assert (project.state, project.round) == (ProjectState.TOWNSHIP, 2)


def test_the_database_itself_refuses_a_place_outside_the_unit(acting: Session) -> None:
    project = declared(world())
    moved = text("UPDATE project SET place_code = :code WHERE id = :id")
    factories.area("522636100002")
    with pytest.raises(IntegrityError, match="place_of_unit"), acting.begin_nested():
        acting.execute(moved, {"id": project.id, "code": "522636100002"})


def test_a_township_declares_in_its_own_name_at_one_of_its_villages(acting: Session) -> None:
    here = world(TOWNSHIP)
    assert declared(here).unit_code == TOWNSHIP
    assert COUNTY == "522636"
