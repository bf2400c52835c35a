"""What is published in the standard for infrastructure projects: its required fields, whole, and no household."""

from datetime import timedelta

from sqlalchemy.orm import Session

from marketplace.projects.oc4ids import missing_required, package
from marketplace.projects.templates import templates_of
from tests.factories import NOW, VILLAGE
from tests.projects.world import approved, world


def test_a_package_has_what_the_standard_requires_and_nobodys_household(acting: Session) -> None:
    here = world()
    project = approved(here, fen=1)
    found = package(
        [project], {VILLAGE: "摆泥村"}, templates_of([project]), uri="https://example.org/projects/oc4ids.json", at=NOW
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
