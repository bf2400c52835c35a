"""Who may read a complaint, person by person: the accused and everybody over and under them never do."""

import pytest
from sqlalchemy.orm import Session

from marketplace.complaints.models import About, ComplaintKind
from marketplace.complaints.queries import complaints_for, get_complaint_for, readers_include
from marketplace.identity.models import Role, RoleKind
from marketplace.kernel.errors import NotFound
from tests import factories
from tests.complaints.world import ABOUT_OFFICE, ADVICE, CITY, COUNTY, PROVINCE, TOWNSHIP, World, filed, world
from tests.factories import VILLAGE


def readers(there: World, complaint: object) -> set[str]:
    """Who may read it, and that lists and single pages agree."""
    found = set()
    for name, account in there.everybody().items():
        listed = complaint in complaints_for(account)
        try:
            opened = get_complaint_for(complaint.public_id, account) is complaint  # type: ignore[attr-defined]
        except NotFound:
            opened = False
        assert listed == opened == readers_include(complaint, account), name  # type: ignore[arg-type]
        if listed:
            found.add(name)
    return found


def test_advice_is_heard_by_the_offices_from_the_township_up(acting: Session) -> None:
    there = world()
    complaint, _ = filed(ADVICE)
    assert complaint.heard_at == TOWNSHIP
    assert readers(there, complaint) == {f"officer {code}" for code in (PROVINCE, CITY, COUNTY, TOWNSHIP)}


@pytest.mark.parametrize("office", [VILLAGE, TOWNSHIP])
def test_what_accuses_an_office_below_the_county_is_read_by_auditors_alone(acting: Session, office: str) -> None:
    there = world()
    complaint, _ = filed(office_code=office)
    assert readers(there, complaint) == {f"auditor {COUNTY}", "second auditor", f"auditor {CITY}"}


def test_what_accuses_the_county_is_heard_above_it(acting: Session) -> None:
    there = world()
    complaint, _ = filed(office_code=COUNTY)
    assert (complaint.heard_at, readers(there, complaint)) == (CITY, {f"auditor {CITY}"})


@pytest.mark.parametrize("about", list(About))
@pytest.mark.parametrize("kind", [ComplaintKind.INVESTIGATION, ComplaintKind.MONEY])
def test_no_officer_reads_what_is_to_be_looked_into_whatever_it_is_about(
    acting: Session, about: About, kind: ComplaintKind
) -> None:
    there = world()
    complaint, _ = filed(about=about, kind=kind)
    assert not {name for name in readers(there, complaint) if name.startswith("officer")}


def test_who_audits_and_commands_in_the_line_reads_nothing(acting: Session) -> None:
    there = world()
    complaint, _ = filed()
    for scope in (PROVINCE, CITY, COUNTY, TOWNSHIP, VILLAGE):
        both = factories.account((RoleKind.AUDITOR, COUNTY), (RoleKind.OFFICER, scope))
        assert not readers_include(complaint, both), scope
    beside = factories.account((RoleKind.AUDITOR, COUNTY), (RoleKind.OFFICER, "522636200"))
    assert readers_include(complaint, beside)
    assert readers_include(complaint, there.second_auditor)


def test_an_accused_auditor_and_their_line_read_nothing_and_officers_hear_it(acting: Session) -> None:
    there = world()
    complaint, _ = filed(accused=(there.auditors[COUNTY],))
    assert readers(there, complaint) == {f"officer {code}" for code in (PROVINCE, CITY)}


def test_a_person_accused_who_changes_office_takes_the_line_along(acting: Session) -> None:
    there = world()
    accused = there.officers[TOWNSHIP]
    complaint, _ = filed(accused=(accused,))
    assert readers_include(complaint, there.auditors[COUNTY])
    acting.add(Role(account_id=accused.id, kind=RoleKind.AUDITOR, scope_code=COUNTY))
    acting.flush()
    acting.expire_all()
    assert readers(there, complaint) == set()


def test_where_nobody_can_hear_it_yet_the_first_who_can_will(acting: Session) -> None:
    factories.area()
    complaint, _ = filed(ABOUT_OFFICE)
    assert complaint.heard_at == COUNTY
    late = factories.account((RoleKind.AUDITOR, COUNTY))
    assert complaints_for(late) == [complaint]


def test_where_only_a_higher_level_can_hear_it_that_level_does(acting: Session) -> None:
    factories.area()
    factories.account((RoleKind.AUDITOR, PROVINCE))
    complaint, _ = filed(ABOUT_OFFICE)
    assert complaint.heard_at == PROVINCE
