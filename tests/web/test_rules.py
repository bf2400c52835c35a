"""The registry's rules on the office's pages: read by every officer, set by those of the province."""

from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.identity.models import Account
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.registry.models import RuleChange, WorkdayAnnouncement
from marketplace.registry.rules import EXAMPLES, rule
from marketplace.web.rule_words import NAMES, read_value, typed_value, value_words
from tests import factories
from tests.registry import people
from tests.web.desk_world import Desk, without_csrf

RULES, DAYS = "/office/rules", "/office/rules/working-days"


@pytest.fixture
def officer(session: Session, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Account:
    """An officer of the province."""
    without_csrf(app, monkeypatch)
    factories.area()
    return people.officer("52", "龙省干")


@pytest.fixture
def desk(client: FlaskClient, officer: Account) -> Desk:
    return Desk(client, officer)


def test_every_rule_has_a_name_and_its_value_survives_its_own_form(app: Flask) -> None:
    assert NAMES.keys() == EXAMPLES.keys()
    with app.test_request_context():
        for name, value in EXAMPLES.items():
            if name not in ("poverty_line_fen", "cost_percent"):
                parts = tuple(value) if isinstance(value, dict) else ()
                assert read_value(name, typed_value(name, value), parts) == value, name
        assert value_words("poverty_line_fen", 285_500) == "¥2,855.00"
        assert value_words("entry.check_share_bp", 2000) == "20 %"


def test_a_rule_is_set_from_a_day_on_and_every_officer_below_reads_it_with_who_set_it(
    client: FlaskClient, desk: Desk, officer: Account
) -> None:
    tomorrow = local_day(clock.now()) + timedelta(days=1)
    assert "10 days" in desk.get(RULES).text
    given = {"area": "52", "value": "5", "unit": "workdays", "begins_on": tomorrow.isoformat(), "source": "黔扶〔2026〕3号"}
    assert desk.post(f"{RULES}/notice.exit", given).status_code == 303
    assert rule("notice.exit", factories.VILLAGE, tomorrow).value == {"workdays": 5}
    village = Desk(client, people.officer())
    page = village.get(f"{RULES}/notice.exit").text
    assert "5 working days" in page and "龙省干" in page and "黔扶〔2026〕3号" in page and "comes" in page
    assert "Set it for" not in page
    assert village.post(f"{RULES}/notice.exit", {**given, "area": factories.VILLAGE}).status_code == 403
    assert len(db.session.scalars(select(RuleChange)).all()) == 1


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("poverty_line_fen", {"value": "4000"}, 400_000),
        ("cost_percent", {"value_grain": "40", "value_fruit": "15"}, {"grain": 40, "fruit": 15}),
        ("entry.quorum", {"value": "1/2"}, [1, 2]),
        ("entry.check_share_bp", {"value": "25"}, 2500),
        ("income_bands", {"value": "3000, 4000.5"}, [300_000, 400_050]),
        ("form_revisit", {"value_share": "0.1", "value_days": "10"}, {"share": 0.1, "days": 10}),
    ],
)
def test_each_form_of_value_can_be_typed(desk: Desk, name: str, given: dict[str, str], value: object) -> None:
    today = local_day(clock.now())
    answer = desk.post(f"{RULES}/{name}", {"area": "52", "begins_on": today.isoformat(), "source": "Notice 4", **given})
    assert answer.status_code == 303, answer.text
    assert rule(name, "52", today).value == value


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"value": "many"}, "Please enter a number."),
        ({"value": "-3"}, "The rule cannot have this value."),
        ({"unit": "weeks"}, "Please choose one of the values offered."),
        ({"begins_on": "2020-01-01"}, "A rule can begin today at the earliest; past days keep theirs."),
        ({"source": ""}, "Please name the document that says so."),
        ({"more": "1"}, "Nothing of this name is taken here."),
    ],
)
def test_what_is_wrong_is_said_beside_the_form_and_nothing_is_kept(desk: Desk, given: dict[str, str], words: str) -> None:
    right = {"area": "52", "value": "5", "unit": "days", "begins_on": "2999-01-01", "source": "Notice 4"}
    answer = desk.post(f"{RULES}/notice.exit", {**right, **given})
    assert answer.status_code == 422 and words in answer.text
    assert db.session.scalars(select(RuleChange)).all() == []


def test_there_is_no_page_of_a_rule_that_is_none_nor_of_an_area_beside_ones_own(client: FlaskClient, desk: Desk) -> None:
    assert desk.get(f"{RULES}/shoe-size").status_code == 404
    factories.area("530102001001")
    assert desk.get(f"{RULES}?area=53").status_code == 404
    assert desk.get(f"{DAYS}?area=53").status_code == 404


def test_a_year_is_announced_and_shown_with_its_document(client: FlaskClient, desk: Desk) -> None:
    given = {
        "area": "52",
        "year": "2998",
        "rest_days": "2998-01-01\n2998-02-05 to 2998-02-07",
        "work_days": "2998-02-10",
        "source": "国办发明电〔2997〕1号",
    }
    answer = desk.post(DAYS, given)
    assert answer.status_code == 303, answer.text
    shown = Desk(client, people.officer()).get(DAYS).text
    assert "4 days of rest, 1 weekend day worked" in shown and "国办发明电〔2997〕1号" in shown
    assert "Announce a year for" not in shown


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rest_days": "New Year"}, "is no day and no span of days"),
        ({"year": "2020"}, "Please give this year or a later one."),
        ({"year": "soon"}, "Please enter a whole number."),
        ({"work_days": "2998-01-01"}, "A day to be worked is a Saturday or Sunday, and no day of rest."),
    ],
)
def test_what_cannot_be_announced_is_said_beside_the_form(desk: Desk, given: dict[str, str], words: str) -> None:
    assert date(2998, 1, 1).weekday() < 5
    answer = desk.post(DAYS, {"area": "52", "year": "2998", "rest_days": "2998-01-01", "source": "Notice 1", **given})
    assert answer.status_code == 422 and words in answer.text
    assert db.session.scalars(select(WorkdayAnnouncement)).all() == []
