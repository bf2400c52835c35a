"""Rules for programs: read by every officer's, set by those of the province."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from tests import factories
from tests.api.conftest import Headers, token_header
from tests.registry import people

RULES = "/api/v1/rules"


@pytest.fixture
def province(session: Session) -> Headers:
    factories.area()
    return token_header(people.officer("52"))


def test_a_rule_is_set_for_the_province_and_read_below_it(client: FlaskClient, province: Headers) -> None:
    tomorrow = (local_day(clock.now()) + timedelta(days=1)).isoformat()
    given = {"area_code": "52", "begins_on": tomorrow, "value": {"workdays": 5}, "source": "Notice 3"}
    made = client.post(f"{RULES}/notice.exit", json=given, headers=province)
    assert (made.status_code, made.json) == (201, {"name": "notice.exit", **given})
    village = token_header(people.officer())
    history = client.get(f"{RULES}/notice.exit", headers=village).json["items"]
    assert [row["value"] for row in history] == [{"workdays": 5}, {"days": 10}, {"days": 7}]
    held = {row["name"]: row["value"] for row in client.get(RULES, headers=village).json["items"]}
    assert held["notice.exit"] == {"days": 10}
    comes = {row["name"]: row["value"] for row in client.get(f"{RULES}?day={tomorrow}", headers=village).json["items"]}
    assert comes["notice.exit"] == {"workdays": 5}
    refused = client.post(f"{RULES}/notice.exit", json={**given, "area_code": factories.VILLAGE}, headers=village)
    assert (refused.status_code, refused.json["code"]) == (403, "rule_level")


@pytest.mark.parametrize("value", [7, [1, 2], {"weeks": 1}, {"days": 1.5}, {"days": 1, "workdays": 1}])
def test_a_value_of_another_form_is_refused(client: FlaskClient, province: Headers, value: object) -> None:
    given = {"area_code": "52", "begins_on": "2999-01-01", "value": value, "source": "Notice 3"}
    answer = client.post(f"{RULES}/notice.exit", json=given, headers=province)
    assert (answer.status_code, answer.json["code"]) == (422, "rule_value")
    assert client.post(f"{RULES}/shoe-size", json=given, headers=province).status_code == 404
    assert client.get(f"{RULES}?area=53", headers=province).status_code == 404


def test_a_year_of_holidays_is_announced_and_read(client: FlaskClient, province: Headers) -> None:
    given = {"area_code": "52", "year": 2998, "rest_days": ["2998-01-01"], "work_days": ["2998-02-10"], "source": "Notice 1"}
    assert client.post(f"{RULES}/working-days", json=given, headers=province).json == given
    assert client.get(f"{RULES}/working-days", headers=token_header(people.officer())).json == {"items": [given]}
    wrong = client.post(f"{RULES}/working-days", json={**given, "rest_days": ["2997-01-01"]}, headers=province)
    assert (wrong.status_code, wrong.json["code"]) == (422, "days_invalid")
