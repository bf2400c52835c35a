"""Rules by province and day: the nearest and newest holds, past days keep theirs, and a value of another form is refused."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.identity.models import Account
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import DomainError
from marketplace.registry.models import RuleChange
from marketplace.registry.rules import SHIPPED, find_rule, rule, rules_in_force, set_rule
from tests import factories
from tests.registry import people

NOW, TODAY = factories.NOW, factories.TODAY
NAME, SHIPPED_VALUE = "disagreement_visit_days", 30


@pytest.fixture
def officer(session: Session) -> Account:
    """An officer of the province."""
    factories.area()
    return people.officer("52")


def put(officer: Account, area: str, value: Any, begins_on: date = TODAY, name: str = NAME, source: str = "Notice 12") -> None:
    with transaction():
        set_rule(name, area, begins_on, value, source, by=officer, now=NOW)


def test_a_province_sets_its_own_from_a_day_on_and_others_keep_theirs(officer: Account) -> None:
    put(officer, "52", 20, TODAY + timedelta(days=10))

    assert rule(NAME, "522636", TODAY + timedelta(days=9)).value == SHIPPED_VALUE
    found = rule(NAME, "522636", TODAY + timedelta(days=10))
    assert (found.value, found.area_code, found.source) == (20, "52", "Notice 12")
    assert rule(NAME, "530000", TODAY + timedelta(days=10)).value == SHIPPED_VALUE


def test_the_nearer_area_comes_before_the_newer_day_and_the_later_word_before_the_earlier(officer: Account) -> None:
    put(officer, "522636", 15)
    put(officer, "52", 20, TODAY + timedelta(days=1))
    put(officer, "522636", 14)
    assert rule(NAME, factories.VILLAGE, TODAY + timedelta(days=5)).value == 14
    assert rule(NAME, "522631", TODAY + timedelta(days=5)).value == 20


def test_a_rule_that_nobody_has_set_has_no_value(officer: Account) -> None:
    assert find_rule("poverty_line_fen", "52", TODAY) is None
    put(officer, "52", 600_000, name="poverty_line_fen")
    assert rule("poverty_line_fen", "522636", TODAY).value == 600_000


def test_every_rule_in_force_is_listed_with_its_source(officer: Account) -> None:
    put(officer, "52", 20)
    listed = {each.name: each for each in rules_in_force("52", TODAY)}
    assert listed.keys() == {shipped.name for shipped in SHIPPED if shipped.begins_on <= TODAY}
    assert listed[NAME].value == 20
    assert all(each.source for each in listed.values())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "shoe_size"}, "rule_unknown"),
        ({"value": "twenty"}, "rule_value"),
        ({"value": -1}, "rule_value"),
        ({"value": True}, "rule_value"),
        ({"name": "notice.exit", "value": 7}, "rule_value"),
        ({"name": "notice.exit", "value": {"weeks": 1}}, "rule_value"),
        ({"name": "entry.quorum", "value": []}, "rule_value"),
        ({"begins_on": TODAY - timedelta(days=1)}, "rule_day"),
        ({"source": "  "}, "rule_source"),
        ({"area": "99"}, "area_unknown"),
    ],
)
def test_what_no_rule_can_be_is_refused_and_nothing_is_kept(officer: Account, change: dict[str, Any], code: str) -> None:
    given = {"area": "52", "value": 20, **change}
    with pytest.raises(DomainError) as refused:
        put(officer, given.pop("area"), given.pop("value"), **given)
    assert refused.value.code == code
    assert db.session.scalars(select(RuleChange)).all() == []


def test_setting_a_rule_is_in_the_audit_trail(officer: Account) -> None:
    put(officer, "52", {"days": 10}, name="notice.exit")
    event = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (event.verb, event.object_id, event.actor) == ("registry.rule_set", "52", officer.public_id)
    assert event.data == {"name": "notice.exit", "begins_on": TODAY.isoformat(), "value": {"days": 10}}
