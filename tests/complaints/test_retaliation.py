"""What happens to a household that has complained is listed for somebody outside the line; without a name nobody can watch."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Suspicion
from marketplace.complaints.clock import move_on
from marketplace.complaints.jobs import run_clock_at
from marketplace.complaints.models import AdverseAct, AdverseKind, Complaint
from marketplace.complaints.queries import adverse_acts_for
from marketplace.complaints.retaliation import settle_act, watch_household, watched_complaints
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import Conflict, NotFound
from marketplace.registry.models import Case, CaseKind, CaseSource, CaseState, Household
from tests import factories
from tests.complaints.world import COUNTY, OTHER_COUNTY, World, filed, world
from tests.factories import NOW


def strike_off(there: World, household: object, day: date) -> Case:
    """A procedure to strike a household off the register."""
    return Case(
        household_id=household.id,  # type: ignore[attr-defined]
        village_code=household.village_code,  # type: ignore[attr-defined]
        kind=CaseKind.EXIT,
        state=CaseState.PROPOSED,
        source=CaseSource.OFFICER,
        opened_by_id=there.officers[COUNTY].id,
        opened_on=day,
        entered_on=day,
    )


def test_a_strike_off_and_a_suspicion_afterwards_are_listed_once(acting: Session) -> None:
    there, today = world(), local_day(NOW)
    seller = factories.producer(registered=True)
    household = acting.get_one(Household, seller.household_id)
    own = {"kind": "late", "producer_id": seller.id, "area_code": seller.area_code, "facts": {}}
    acting.add(Suspicion(subject="a", found_at=NOW - timedelta(days=1), **own))
    complaint, _ = filed(household=household)
    assert watch_household(complaint.id, now=NOW) == 0
    acting.add(strike_off(there, household, today + timedelta(days=3)))
    acting.add(Suspicion(subject="b", found_at=NOW + timedelta(days=9), **own))
    acting.flush()
    later = NOW + timedelta(days=10)
    assert watched_complaints(now=later) == [complaint.id]
    assert watch_household(complaint.id, now=later) == 2
    assert watch_household(complaint.id, now=later) == 0
    assert {act.kind for act, _ in adverse_acts_for(there.auditors[COUNTY])} == {AdverseKind.EXIT, AdverseKind.SUSPICION}


def test_what_comes_after_the_watched_days_is_not_listed(acting: Session) -> None:
    there = world()
    household = factories.household()
    complaint, _ = filed(household=household)
    acting.add(strike_off(there, household, local_day(NOW) + timedelta(days=181)))
    acting.flush()
    assert watch_household(complaint.id, now=NOW + timedelta(days=300)) == 0


def test_only_who_audits_and_stands_in_no_line_sees_it_and_says_what_it_was(acting: Session) -> None:
    there = world()
    household = factories.household()
    complaint, _ = filed(household=household)
    acting.add(strike_off(there, household, local_day(NOW)))
    acting.flush()
    watch_household(complaint.id, now=NOW)
    seen = {name for name, account in there.everybody().items() if adverse_acts_for(account)}
    assert seen == {"auditor 522636", "auditor 5226", "second auditor"}
    act = acting.query(AdverseAct).one()
    for wrong in (there.officers[COUNTY], there.auditors[OTHER_COUNTY]):
        with pytest.raises(NotFound):
            settle_act(act.public_id, "没有关系", by=wrong, now=NOW)
    assert settle_act(act.public_id, "早有计划", by=there.auditors[COUNTY], now=NOW)
    assert not settle_act(act.public_id, "早有计划", by=there.auditors[COUNTY], now=NOW)
    with pytest.raises(Conflict):
        settle_act(act.public_id, "是报复", by=there.second_auditor, now=NOW)


def test_of_a_complaint_without_a_name_nothing_can_be_watched(acting: Session) -> None:
    world()
    complaint, _ = filed()
    assert watched_complaints(now=NOW) == []
    assert watch_household(complaint.id, now=NOW) == 0


def test_a_household_that_leaves_the_register_keeps_its_complaint_and_is_watched_on(acting: Session) -> None:
    there = world()
    household = factories.household(registered_from=date(2020, 1, 1), registered_until=date(2026, 1, 1))
    complaint, _ = filed(household=household)
    acting.add(strike_off(there, household, local_day(NOW)))
    acting.flush()
    assert watch_household(complaint.id, now=NOW) == 1
    assert complaint.state == "received"


def test_the_nightly_run_cut_off_half_way_gives_the_same_once(session: Session) -> None:
    with transaction():
        world()
        ids = [filed()[0].id for _ in range(3)]
    later = NOW + timedelta(days=60)
    with transaction():
        move_on(ids[0], now=later)
    run_clock_at(later)
    run_clock_at(later)
    assert [session.get_one(Complaint, number).escalations for number in ids] == [1, 1, 1]
