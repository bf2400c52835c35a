"""Setting, ending and withdrawing a policy: what is refused, what is written down, who may."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, NotFound
from marketplace.recommendations.models import Policy
from marketplace.recommendations.policies import (
    PolicyDraft,
    PolicyRefused,
    end_policy,
    policies_for,
    set_policy,
    withdraw_policy,
)
from marketplace.recommendations.queries import policy_in_force
from tests import factories
from tests.factories import NOW, TODAY

COUNTY = "522636"
DRAFT = PolicyDraft(COUNTY, 0.3, 0.12, 0.5, 0.8, TODAY + timedelta(days=3), date(2026, 12, 31))


@pytest.fixture
def officer(session: Session) -> Account:
    factories.area(COUNTY)
    factories.area("5227")
    return factories.account((RoleKind.OFFICER, COUNTY))


def events() -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.object_kind == "policy").order_by(AuditEvent.id)))


def policies() -> int:
    return db.session.scalar(select(func.count()).select_from(Policy)) or 0


def faults(draft: PolicyDraft, officer: Account) -> dict[str, str]:
    """What is wrong with a draft, by field; nothing is written."""
    before, noted = policies(), len(events())
    with pytest.raises(PolicyRefused) as refused, transaction():
        set_policy(officer, draft, now=NOW)
    assert (policies(), len(events())) == (before, noted)
    return refused.value.fields


def test_a_policy_is_set_with_who_and_when_and_holds_from_its_first_to_its_last_day(officer: Account) -> None:
    with transaction():
        policy = set_policy(officer, DRAFT, now=NOW)
    assert PolicyDraft.of(policy) == DRAFT
    assert (policy.set_by, policy.created_at) == (officer.public_id, NOW)
    assert policy_in_force(COUNTY, DRAFT.begins_on - timedelta(days=1)) is None
    assert policy_in_force("522636100001", DRAFT.begins_on) == policy
    assert policy_in_force(COUNTY, date(2026, 12, 31)) == policy
    assert policy_in_force(COUNTY, date(2027, 1, 1)) is None


def test_the_audit_trail_keeps_the_old_and_the_new_values(officer: Account) -> None:
    with transaction():
        set_policy(officer, replace(DRAFT, begins_on=TODAY, ends_on=None), now=NOW)
    with transaction():
        set_policy(officer, DRAFT, now=NOW)
    first, second = events()
    assert (first.verb, first.actor, first.data["old"]) == ("policy.set", officer.public_id, None)
    assert second.data["old"] == first.data["new"]
    assert second.data["new"] == {
        "area_code": COUNTY,
        "exposure_share": 0.3,
        "sales_share": 0.12,
        "household_floor": 0.5,
        "consumer_guard": 0.8,
        "begins_on": "2026-06-18",
        "ends_on": "2026-12-31",
    }


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"exposure_share": None, "sales_share": None, "household_floor": 0.0}, {"exposure_share"}),
        ({"exposure_share": 0.0, "sales_share": 0.0, "household_floor": 0.0}, {"exposure_share"}),
        ({"exposure_share": None}, {"household_floor"}),
        ({"exposure_share": 1.2}, {"exposure_share"}),
        ({"sales_share": -0.1}, {"sales_share"}),
        ({"household_floor": 1.5}, {"household_floor"}),
        ({"consumer_guard": float("nan")}, {"consumer_guard"}),
        ({"begins_on": TODAY - timedelta(days=1)}, {"begins_on"}),
        ({"ends_on": TODAY + timedelta(days=2)}, {"ends_on"}),
        (
            {"exposure_share": 2.0, "consumer_guard": 7.0, "begins_on": date(2020, 1, 1), "ends_on": date(2019, 1, 1)},
            {"exposure_share", "consumer_guard", "begins_on", "ends_on"},
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_field_by_field(officer: Account, changes: dict[str, object], fields: set[str]) -> None:
    assert faults(replace(DRAFT, **changes), officer).keys() == fields  # type: ignore[arg-type]


def test_two_policies_of_an_area_cannot_begin_on_one_day(officer: Account) -> None:
    with transaction():
        set_policy(officer, DRAFT, now=NOW)
    assert faults(replace(DRAFT, exposure_share=0.2), officer).keys() == {"begins_on"}


def test_an_area_that_is_not_ones_own_or_not_there_is_not_found(officer: Account) -> None:
    for code in ("52", "5227", "522636999"):
        with pytest.raises(NotFound), transaction():
            set_policy(officer, replace(DRAFT, area_code=code), now=NOW)
    assert (policies(), events()) == (0, [])


def test_a_policy_in_force_can_be_ended_today_or_later_but_never_prolonged(officer: Account) -> None:
    with transaction():
        policy = set_policy(officer, replace(DRAFT, begins_on=TODAY, ends_on=date(2026, 6, 30)), now=NOW)
    for day in (TODAY - timedelta(days=1), date(2026, 7, 1)):
        with pytest.raises(PolicyRefused) as refused, transaction():
            end_policy(officer, policy.public_id, day, now=NOW)
        assert refused.value.fields.keys() == {"ends_on"}
    with transaction():
        end_policy(officer, policy.public_id, TODAY, now=NOW)
    assert policy_in_force(COUNTY, TODAY) == policy
    assert policy_in_force(COUNTY, TODAY + timedelta(days=1)) is None
    ended = events()[-1]
    assert (ended.verb, ended.data["old"]["ends_on"], ended.data["new"]["ends_on"]) == (
        "policy.ended",
        "2026-06-30",
        "2026-06-15",
    )


def test_a_policy_that_has_not_begun_can_be_withdrawn_and_stays_in_the_trail(officer: Account) -> None:
    with transaction():
        coming = set_policy(officer, DRAFT, now=NOW)
        begun = set_policy(officer, replace(DRAFT, begins_on=TODAY), now=NOW)
        public_id = coming.public_id
    with pytest.raises(Conflict), transaction():
        withdraw_policy(officer, begun.public_id, now=NOW)
    with pytest.raises(Conflict), transaction():
        end_policy(officer, public_id, TODAY, now=NOW)
    with transaction():
        withdraw_policy(officer, public_id, now=NOW)
    assert [policy.public_id for policy in policies_for(COUNTY)] == [begun.public_id]
    assert (events()[-1].verb, events()[-1].object_id, events()[-1].data["new"]) == ("policy.withdrawn", public_id, None)
    assert events()[-1].data["old"]["exposure_share"] == 0.3


def test_officers_of_other_areas_cannot_end_or_withdraw(officer: Account) -> None:
    with transaction():
        policy = set_policy(officer, DRAFT, now=NOW)
        other = factories.account((RoleKind.OFFICER, "5227"))
        below = factories.account((RoleKind.OFFICER, "522636100"))
    for somebody in (other, below):
        with pytest.raises(NotFound), transaction():
            end_policy(somebody, policy.public_id, TODAY, now=NOW)
        with pytest.raises(NotFound), transaction():
            withdraw_policy(somebody, policy.public_id, now=NOW)
    assert policies() == 1


def test_an_area_sees_its_own_policies_and_those_above_it_the_newest_first(officer: Account) -> None:
    with transaction():
        first = set_policy(officer, replace(DRAFT, begins_on=TODAY), now=NOW)
        second = set_policy(officer, DRAFT, now=NOW)
        factories.policy("5227")
    assert list(policies_for("522636100")) == [second, first]
