"""What is published in the standard for infrastructure projects: its own fields, types and codes, and no household."""

from datetime import timedelta

from sqlalchemy.orm import Session

from marketplace.projects.noticing import approve_project
from marketplace.projects.oc4ids import missing_required, package
from marketplace.projects.standard import NATURES, SHIPPED
from marketplace.projects.states import ProjectState
from marketplace.projects.templates import templates_of
from marketplace.projects.tracking import complete_project, start_project, stop_project
from tests.factories import NOW, TODAY, VILLAGE
from tests.projects.oc4ids_facts import CLOSED as CODES
from tests.projects.oc4ids_facts import faults
from tests.projects.world import approved, declared, passed, world

S = ProjectState
CLOSED = NOW + timedelta(days=11)


def test_a_package_has_what_the_standard_requires_and_nobodys_household(acting: Session) -> None:
    here = world()
    project = approved(here, fen=1)
    found = package(
        [project], {VILLAGE: "摆泥村"}, templates_of([project], TODAY), uri="https://example.org/projects/oc4ids.json", at=NOW
    )
    assert missing_required(found) == []
    assert (found["version"], found["publishedDate"]) == ("0.9", "2026-06-15T04:00:00Z")
    (record,) = found["projects"]
    assert record["id"] == f"oc4ids-nongqiao-{project.public_id}"
    assert (record["status"], record["type"], record["sector"]) == (
        "preparation",
        "construction",
        ["waterAndWaste", "waterAndWaste.water"],
    )
    assert record["budget"] == {
        "amount": {"amount": 0.01, "currency": "CNY"},
        "approvalDate": (NOW + timedelta(days=11)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    # The market's day begins at four in the afternoon of the day before, in UTC.
    assert record["period"] == {"startDate": "2026-06-14T16:00:00Z", "endDate": "2026-09-22T16:00:00Z"}
    assert not any(household.code in str(found) for household in here.households)


def test_what_is_missing_is_named() -> None:
    assert missing_required({}) == ["uri", "publisher", "publishedDate", "projects", "version", "projects/0"]


def test_every_public_project_has_only_fields_of_the_standard_with_its_types_and_its_codes(acting: Session) -> None:
    here = world()
    states = (S.NOTICE, S.APPROVED, S.UNDER_WAY, S.COMPLETED, S.STOPPED)
    rows = [declared(here, asset=f"水渠{at}") for at in range(len(states))]
    passed(here, rows[0])
    for project in rows[1:]:
        passed(here, project)
        assert approve_project(project, by=here.county, now=CLOSED)
    for project in rows[2:]:
        assert start_project(project, by=here.declarer, now=CLOSED)
    for milestone in rows[3].milestones:
        milestone.reached_on, milestone.reached_by_id = CLOSED.date(), here.declarer.id
    assert complete_project(rows[3], by=here.county, now=CLOSED)
    assert stop_project(rows[4], "水源改道", by=here.county, now=CLOSED)
    uri = "https://example.org/projects/oc4ids.json"
    found = package(rows, {VILLAGE: "摆泥村"}, templates_of(rows, TODAY), uri=uri, at=NOW)
    assert [record["status"] for record in found["projects"]] == [
        "identification",
        "preparation",
        "implementation",
        "completed",
        "cancelled",
    ]
    assert (faults(found), missing_required(found)) == ([], [])
    assert "completion" in found["projects"][3]


def test_the_table_of_the_standard_sees_what_does_not_belong_there() -> None:
    wrong = {
        "uri": "nowhere",
        "version": "0.9.1",
        "publishedDate": "2026-06-15",
        "colour": "red",
        "projects": [{"id": 5, "status": "dreamt", "period": {"startDate": ""}, "budget": {"amount": {"amount": "5"}}}],
    }
    assert faults(wrong) == [
        *("uri", "version", "publishedDate", "colour", "projects[].id", "projects[].status"),
        *("projects[].period.startDate", "projects[].budget.amount.amount"),
    ]


def test_every_category_that_comes_with_the_program_and_every_nature_has_a_code(acting: Session) -> None:
    here = world()
    project = approved(here)
    for category in SHIPPED.categories:
        for nature in NATURES:
            project.category, project.nature = category.key, nature
            record = package([project], {VILLAGE: "村"}, templates_of([project], TODAY), uri="https://x.org", at=NOW)[
                "projects"
            ][0]
            assert record["type"] in CODES["type"]
            # A sector of the second level stands with the one that it is part of.
            assert record["sector"][-1] == category.sector
            assert record["sector"][0] == category.sector.partition(".")[0]
