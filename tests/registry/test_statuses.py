"""Who is registered on which day: as-of reading, and two statuses on one day that cannot be."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, NotFound
from marketplace.registry.models import Household, HouseholdStatus, RegistryRevision, StatusCategory
from marketplace.registry.queries import get_household, latest_revision, registered_households
from marketplace.registry.service import add_household, begin_status, end_status, open_revision
from tests import factories

FIRST = date(2026, 3, 1)


@pytest.fixture
def revision(session: Session) -> RegistryRevision:
    """A revision to write statuses under."""
    with transaction():
        return open_revision("test", actor="officer", now=factories.NOW)


@pytest.fixture
def household(session: Session) -> Household:
    """A household on file without a status."""
    made = factories.household()
    db.session.commit()
    return made


def registered(household: Household, day: date) -> bool:
    return registered_households([household.id], day) == {household.id}


def test_a_household_is_registered_from_the_first_day_on(household: Household, revision: RegistryRevision) -> None:
    with transaction():
        begin_status(household, StatusCategory.POOR, FIRST, revision)
    assert not registered(household, FIRST - timedelta(days=1))
    assert registered(household, FIRST)
    assert registered(household, FIRST + timedelta(days=10_000))


def test_the_last_day_still_counts_and_the_past_stays_as_it_was(household: Household, revision: RegistryRevision) -> None:
    last = FIRST + timedelta(days=30)
    with transaction():
        begin_status(household, StatusCategory.MONITORED, FIRST, revision)
    with transaction():
        later = open_revision("lifted", actor="officer", now=factories.NOW)
        status = end_status(household, last, later)
    assert status.revision_id == later.id > revision.id
    assert [registered(household, day) for day in (FIRST, last, last + timedelta(days=1))] == [True, True, False]


def test_every_category_that_counts_as_supported_counts(session: Session, revision: RegistryRevision) -> None:
    with transaction():
        made = [factories.household() for _ in StatusCategory]
        for household, category in zip(made, StatusCategory, strict=True):
            begin_status(household, category, FIRST, revision)
    assert registered_households([household.id for household in made], FIRST) == {household.id for household in made}
    assert registered_households([], FIRST) == set()


def test_two_statuses_on_one_day_are_refused_by_the_database(household: Household, revision: RegistryRevision) -> None:
    with transaction():
        begin_status(household, StatusCategory.POOR, FIRST, revision)
    for first_day in (FIRST, FIRST + timedelta(days=400), FIRST - timedelta(days=400)):
        with pytest.raises(IntegrityError, match="ex_household_status_one_a_day"), transaction():
            begin_status(household, StatusCategory.MONITORED, first_day, revision)
    assert db.session.scalars(select(HouseholdStatus.category)).all() == ["poor"]


def test_one_status_may_follow_another_without_a_gap(household: Household, revision: RegistryRevision) -> None:
    last = FIRST + timedelta(days=9)
    with transaction():
        begin_status(household, StatusCategory.POOR, FIRST, revision)
        end_status(household, last, revision)
        begin_status(household, StatusCategory.LIFTED_TRACKED, last + timedelta(days=1), revision)
    days = db.session.scalars(select(HouseholdStatus.days).order_by(HouseholdStatus.id)).all()
    assert [(span.lower, span.upper) for span in days] == [(FIRST, date(2026, 3, 11)), (date(2026, 3, 11), None)]


def test_two_households_may_have_statuses_on_the_same_days(session: Session, revision: RegistryRevision) -> None:
    with transaction():
        for _ in range(2):
            begin_status(factories.household(), StatusCategory.POOR, FIRST, revision)
    assert len(db.session.scalars(select(HouseholdStatus.id)).all()) == 2


def test_a_status_without_a_day_is_refused(household: Household, revision: RegistryRevision) -> None:
    with pytest.raises(IntegrityError, match="ck_household_status_days_not_empty"), transaction():
        empty = Range(FIRST, FIRST, bounds="[)")
        row = HouseholdStatus(household_id=household.id, category="poor", days=empty, revision_id=revision.id)
        db.session.add(row)
        db.session.flush()
    assert db.session.scalars(select(HouseholdStatus.id)).all() == []


def test_what_is_not_in_force_cannot_be_ended(household: Household, revision: RegistryRevision) -> None:
    with transaction():
        begin_status(household, StatusCategory.POOR, FIRST, revision)
    with pytest.raises(Conflict) as refused, transaction():
        end_status(household, FIRST - timedelta(days=1), revision)
    assert refused.value.code == "no_status_in_force"
    assert registered(household, FIRST + timedelta(days=1))


def test_every_revision_has_a_higher_number_and_an_act(session: Session) -> None:
    assert latest_revision() == 0
    with transaction():
        numbers = [open_revision("test", actor="officer", now=factories.NOW).id for _ in range(3)]
    assert numbers == sorted(set(numbers))
    assert latest_revision() == numbers[-1]
    acts = db.session.scalars(select(AuditEvent.object_id).filter_by(verb="registry.revised").order_by(AuditEvent.id))
    assert acts.all() == [str(number) for number in numbers]


@pytest.mark.parametrize("code", ["5226361000010", "52263610000100a1", "526000000001" + "0001"])
def test_a_household_lives_in_the_village_its_code_says(session: Session, code: str) -> None:
    factories.area()
    db.session.commit()
    with pytest.raises(IntegrityError), transaction():
        row = Household(code=code, village_code=factories.VILLAGE, created_at=factories.NOW)
        db.session.add(row)
        db.session.flush()
    assert db.session.scalars(select(Household.id)).all() == []


def test_a_household_is_found_by_its_public_id(session: Session) -> None:
    factories.area()
    with transaction():
        made = add_household(f"{factories.VILLAGE}0042", now=factories.NOW)
    assert get_household(made.public_id).village_code == factories.VILLAGE
    with pytest.raises(NotFound):
        get_household("22222222222222")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=6))
def test_a_day_has_a_status_exactly_when_one_of_those_accepted_covers_it(
    session: Session, spans: list[tuple[int, int]]
) -> None:
    with transaction():
        household = factories.household()
        revision = open_revision("test", actor="officer", now=factories.NOW)
    covered: set[int] = set()
    for start, length in spans:
        days = set(range(start, start + length))
        row = HouseholdStatus(
            household_id=household.id,
            category=StatusCategory.POOR,
            days=Range(FIRST + timedelta(days=start), FIRST + timedelta(days=start + length)),
            revision_id=revision.id,
        )
        if days & covered:
            with pytest.raises(IntegrityError, match="one_a_day"), transaction():
                db.session.add(row)
                db.session.flush()
        else:
            with transaction():
                db.session.add(row)
                db.session.flush()
            covered |= days
    found = {number for number in range(82) if registered(household, FIRST + timedelta(days=number))}
    assert found == covered
