"""Holidays that a province or the nation announces: used before what the program knows, and provisional until they are."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.identity.models import Account
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import DomainError
from marketplace.kernel.workdays import CalendarEnds
from marketplace.registry.cases import clocks
from marketplace.registry.cases.announcing import announce_workdays, read_days
from marketplace.registry.cases.notices import get_notice
from marketplace.registry.cases.objections import object_to
from marketplace.registry.models import CaseAction, Notice, WorkdayAnnouncement
from marketplace.registry.rules import set_rule
from marketplace.registry.workdays import workdays_in
from tests import factories
from tests.registry import people
from tests.registry.cases.village import Village, make_village

PROVINCE, VILLAGE = "52", factories.VILLAGE
SPRING_2027 = read_days("2027-02-05 to 2027-02-11")


@pytest.fixture
def place(session: Session) -> Village:
    return make_village()


@pytest.fixture
def officer(place: Village) -> Account:
    """An officer of the province."""
    return people.officer(PROVINCE)


def announce(
    by: Account, area: str | None = PROVINCE, *, rest: Any = SPRING_2027, work: Any = (), now: Any = factories.NOW
) -> None:
    with transaction():
        announce_workdays(area, 2027, list(rest), list(work), "Notice 7 of 2026", by=by, now=now)


def test_an_announced_year_is_counted_by_and_the_provinces_word_stands_above_the_nations(officer: Account) -> None:
    friday, saturday = date(2027, 2, 5), date(2027, 2, 20)
    with pytest.raises(CalendarEnds):
        workdays_in(VILLAGE)(friday)
    announce(officer, None, work=[saturday])
    works = workdays_in(VILLAGE)
    assert [works(day) for day in (friday, saturday, date(2027, 2, 12), date(2027, 2, 13))] == [False, True, True, False]
    announce(officer, rest=[date(2027, 4, 2)])
    assert [workdays_in(VILLAGE)(day) for day in (friday, saturday, date(2027, 4, 2))] == [True, False, False]
    assert not workdays_in("530102001001")(friday)


def test_an_announcement_stands_above_what_the_program_knows_itself(officer: Account) -> None:
    # 1 July 2026 is a plain Wednesday.
    assert workdays_in(VILLAGE)(date(2026, 7, 1))
    with transaction():
        announce_workdays(PROVINCE, 2026, [date(2026, 7, 1)], [], "Notice 8", by=officer, now=factories.NOW)
    assert not workdays_in(VILLAGE)(date(2026, 7, 1))


def test_a_deadline_into_an_unknown_year_is_provisional_until_the_year_is_announced(place: Village, officer: Account) -> None:
    # Wednesday 3 February 2027: three working days end on Monday 8 by weekends alone, on Monday 15 over the Spring Festival.
    place.now = factories.NOW + (date(2027, 2, 3) - place.today)
    case = place.apply(place.household())
    place.assembly(place.round_of(case))
    assert (case.state, case.due_on, case.due_provisional) == ("voted", date(2027, 2, 8), True)
    announce(officer, now=place.now)
    db.session.refresh(case)
    assert (case.due_on, case.due_provisional) == (date(2027, 2, 15), False)
    event = db.session.scalars(select(AuditEvent).filter_by(verb="registry.workdays_announced")).one()
    assert (event.object_id, event.data["year"], event.data["recounted"]) == (PROVINCE, 2027, 1)


def test_a_notices_deadline_and_its_objections_are_counted_again_too(place: Village, officer: Account) -> None:
    place.now = factories.NOW + (date(2027, 1, 25) - place.today)
    case = place.apply(place.household())
    place.assembly(place.round_of(case))
    place.together(place.round_of(case), CaseAction.PUBLISH_FIRST, place.village[0])
    notice = db.session.scalars(select(Notice)).one()
    with transaction():
        objection = object_to(get_notice(notice.public_id), 1, "有房有车", "", now=place.now)
    # Ten days in Guizhou, to Thursday 4 February, then three working days; the objection has five.
    assert (notice.closes_on, case.due_on, case.due_provisional) == (date(2027, 2, 4), date(2027, 2, 9), True)
    assert (objection.due_on, objection.due_provisional) == (date(2027, 2, 1), True)
    announce(officer, now=place.now)
    for row in (case, objection):
        db.session.refresh(row)
    assert (case.due_on, case.due_provisional) == (date(2027, 2, 16), False)
    assert (objection.due_on, objection.due_provisional) == (date(2027, 2, 1), False)


def test_how_long_a_notice_hangs_is_never_guessed(place: Village, officer: Account) -> None:
    with transaction():
        set_rule("notice.entry_first", PROVINCE, place.today, {"workdays": 7}, "Notice 3", by=officer, now=place.now)
    place.now = factories.NOW + (date(2026, 12, 25) - place.today)
    case = place.apply(place.household())
    place.assembly(place.round_of(case))
    with pytest.raises(CalendarEnds):
        place.together(place.round_of(case), CaseAction.PUBLISH_FIRST, place.village[0])
    assert clocks.due_day("notice.close", VILLAGE, date(2027, 1, 4)) == clocks.Due(date(2027, 1, 7), True)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"year": 2025}, "year_over"),
        ({"rest": []}, "days_invalid"),
        ({"rest": [date(2026, 12, 31)]}, "days_invalid"),
        ({"work": [date(2027, 2, 12)]}, "days_worked_anyway"),
        ({"work": [date(2027, 2, 6)]}, "days_worked_anyway"),
        ({"source": " "}, "rule_source"),
        ({"area": "99"}, "area_unknown"),
        ({"area": "53"}, "rule_level"),
    ],
)
def test_what_cannot_be_announced_is_refused_and_nothing_is_kept(officer: Account, change: dict[str, Any], code: str) -> None:
    factories.area("530102001001")
    given: dict[str, Any] = {"area": PROVINCE, "year": 2027, "rest": SPRING_2027, "work": [], "source": "Notice 7", **change}
    with pytest.raises(DomainError) as refused, transaction():
        announce_workdays(
            given["area"], given["year"], given["rest"], given["work"], given["source"], by=officer, now=factories.NOW
        )
    assert refused.value.code == code
    assert db.session.scalars(select(WorkdayAnnouncement)).all() == []


def test_days_are_read_as_people_write_them() -> None:
    assert read_days(" 2027-01-01\n2027-02-05 至 2027-02-06，2027-02-06..2027-02-07\n") == [
        date(2027, 1, 1),
        *(date(2027, 2, 5) + timedelta(days=more) for more in range(3)),
    ]
    assert read_days("") == []
    for text in ("1 May", "2027-02-30", "2027-02-11 to 2027-02-05", "2027-01-01 to 2027-12-31"):
        with pytest.raises(DomainError) as refused:
            read_days(text)
        assert refused.value.code == "days_unreadable"
