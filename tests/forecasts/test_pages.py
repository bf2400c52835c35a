"""Officers read forecasts on pages and by programs, with the errors beside them; of needs those of their own area alone."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from marketplace.forecasts.models import ForecastRun
from marketplace.forecasts.service import run_needs, run_prices
from marketplace.identity.models import RoleKind
from marketplace.kernel.clock import day_start
from marketplace.kernel.db import transaction
from tests import factories
from tests.api.conftest import token_header
from tests.factories import NOW
from tests.forecasts.made import market
from tests.forecasts.test_runs import needs
from tests.web.conftest import Browser


@pytest.fixture
def priced(client: FlaskClient) -> ForecastRun:
    with transaction():
        newest = market([factories.product(f"fruit-{at}", f"果{at}") for at in range(4)], 450, "testmarket")
    with transaction():
        return run_prices("testmarket", made_up=True, now=day_start(newest + timedelta(days=1)))


def test_a_forecast_is_read_with_its_errors_and_says_that_it_is_made_up(client: FlaskClient, priced: ForecastRun) -> None:
    officer = factories.account((RoleKind.OFFICER, "522636"))
    path = f"/office/forecasts/{priced.public_id}"
    browser = Browser(client)
    browser.is_now(officer)
    assert path in browser.get("/office/forecasts").text
    page = browser.get(path).text
    assert "These data are made up for the demonstration" in page
    assert "28 days ahead" in page
    for method in ("Learnt", "As it was last", "As a year ago", "A simple rule"):
        assert method in page
    assert "This forecast has drifted" not in page
    with transaction():
        priced.drift = 9.0
    assert "This forecast has drifted" in browser.get(path).text
    assert browser.get("/office/forecasts/abcdefghijklmn").status_code == 404
    chinese = Browser(client, "zh")
    assert "演示" in chinese.get(path).text
    browser.is_now(factories.account())
    assert browser.get(path).status_code == 403


def test_needs_of_another_township_are_not_shown(client: FlaskClient) -> None:
    with transaction():
        needs(10)
        run = run_needs(made_up=False, now=NOW)
        own = factories.account((RoleKind.OFFICER, "522636101"))
    told = client.get(f"/api/v1/forecasts/{run.public_id}", headers=token_header(own)).json
    assert [value["subject"] for value in told["values"]] == ["522636101"]
    assert {row["method"] for row in told["errors"]} == {"model", "last", "season", "rule"}
    assert (told["kind"], told["drifted"], told["rows"]) == ("needs", False, 18)
