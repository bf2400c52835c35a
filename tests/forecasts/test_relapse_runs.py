"""The list of households that may fall back: made of what was known, seen in one's own area, and followed by no status."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from marketplace.forecasts.models import ForecastRun, RelapseRisk
from marketplace.forecasts.queries import errors_of, risks_of
from marketplace.forecasts.relapse import INPUTS
from marketplace.forecasts.relapse_queries import outs_on, spans_until
from marketplace.forecasts.relapse_service import run_relapse
from marketplace.forecasts.service import run_needs
from marketplace.identity.models import RoleKind
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Invalid
from marketplace.registry.models import Household, HouseholdStatus, RegistryRevision, StatusCategory
from marketplace.registry.reading import Reach
from marketplace.registry.reading_log import looks_at
from tests import factories
from tests.api.conftest import FreshClient, token_header
from tests.factories import NOW, TODAY
from tests.forecasts.test_runs import needs
from tests.web.conftest import Browser, StatementCount, statements

__all__ = ["statements"]

HERE, THERE = "522636100001", "522636101001"
EVERYWHERE = Reach.everywhere("a test")


def years(ago: float) -> date:
    return TODAY - timedelta(days=round(365 * ago))


def lifted(village: str, *, ago: float, back: float | None = None) -> Household:
    """A household that left poverty so many years ago, and is monitored from another day on where it came back."""
    made = factories.household(village, registered_from=years(ago + 2), registered_until=years(ago))
    if back is not None:
        revision = RegistryRevision(at=NOW, actor="test", reason="test")
        db.session.add(revision)
        db.session.flush()
        days = Range(years(back), None)
        status = {"category": StatusCategory.MONITORED, "days": days, "revision_id": revision.id}
        db.session.add(HouseholdStatus(household_id=made.id, **status))
        db.session.flush()
    return made


def test_what_came_after_a_day_is_not_known_on_it(session: Session) -> None:
    stays, falls = lifted(HERE, ago=2.5), lifted(HERE, ago=2.5, back=0.5)
    later = lifted(HERE, ago=0.2)
    day = years(1)
    spans = spans_until(TODAY)
    assert outs_on(day, spans).ids == (stays.id, falls.id)
    assert outs_on(TODAY, spans).ids == (stays.id, later.id)
    followed, back = spans.followed((stays.id, falls.id), day, TODAY)
    assert (followed.tolist(), back.tolist()) == ([365.0, (years(0.5) - day).days], [False, True])
    # On that day nobody knew who would come back, nor who would leave.
    known = spans_until(day)
    assert known.followed((falls.id,), day, TODAY)[1].tolist() == [False]
    assert known.by_household[later.id][0][1] is None
    before = outs_on(day, known)
    assert (before.ids, before.rows.tolist()) == ((stays.id, falls.id), outs_on(day, spans).rows.tolist())
    assert before.rows[:, INPUTS.index("income_unknown")].tolist() == [1.0, 1.0]


def test_from_poor_to_monitored_nobody_has_left(session: Session) -> None:
    made = lifted(HERE, ago=1, back=1)
    assert spans_until(TODAY).by_household[made.id] == [(years(3), None)]
    assert outs_on(TODAY, spans_until(TODAY)).ids == ()


def test_with_few_relapses_the_simple_rule_makes_the_list_and_no_status_changes(session: Session) -> None:
    for village in (HERE, THERE):
        for _ in range(3):
            lifted(village, ago=3.5)
    lifted(HERE, ago=3.5, back=0.5)
    statuses = db.session.scalar(select(func.count()).select_from(HouseholdStatus))
    for _ in range(2):
        with transaction():
            run = run_relapse(made_up=False, now=NOW)
    assert {row.method for row in errors_of(run)} == {"last", "rule"}
    assert run.card["horizons"] == {"12": {"served": "rule"}}
    # The year before it came back, and the ones in which it had not yet.
    assert (run.card["relapsed"], run.rows, run.card["subjects"]) == (1, 21, 6)
    listed = risks_of(run, EVERYWHERE, 100)
    assert len(listed) == 6
    assert {tuple(risk.reasons) for risk, _ in listed} == {("income_unknown",)}
    assert len(risks_of(run, Reach.of([THERE], "a test"), 100)) == 3
    assert db.session.scalar(select(func.count()).select_from(HouseholdStatus)) == statuses


def test_where_nobody_has_left_poverty_there_is_no_list(session: Session) -> None:
    factories.household(HERE, registered_from=years(3))
    with pytest.raises(Invalid, match="Too little is known"), transaction():
        run_relapse(made_up=False, now=NOW)
    assert db.session.scalar(select(func.count()).select_from(ForecastRun)) == 0


def listed_run() -> tuple[ForecastRun, Household, Household]:
    """A list of two households, one of each of two townships."""
    with transaction():
        here, there = lifted(HERE, ago=3.5), lifted(THERE, ago=3.5)
        return run_relapse(made_up=True, now=NOW), here, there


def looked(household: Household) -> list[tuple[str, str]]:
    return [(look.office, look.part) for look in looks_at(household)]


def test_officers_see_the_households_of_their_own_area_with_reasons_and_each_is_told(client: FlaskClient) -> None:
    run, here, there = listed_run()
    browser = Browser(client)
    browser.is_now(factories.account((RoleKind.OFFICER, HERE[:9])))
    page = browser.get(f"/office/forecasts/{run.public_id}").text
    assert here.code in page
    assert f"/office/files/{here.public_id}" in page
    assert there.code not in page
    assert "Income of last year not on file" in page
    assert "Too few have fallen back to learn from" in page
    assert (looked(here), looked(there)) == ([(HERE[:9], "risk")], [])


def test_auditors_read_the_list_of_their_areas_on_a_page_of_their_own_and_open_no_file(client: FlaskClient) -> None:
    run, here, there = listed_run()
    browser = Browser(client)
    auditor = factories.account((RoleKind.AUDITOR, THERE[:9]))
    browser.is_now(auditor)
    path = f"/oversight/forecasts/{run.public_id}"
    assert path in browser.get("/oversight/forecasts").text
    page = browser.get(path).text
    assert there.code in page
    assert here.code not in page
    assert there.public_id not in page
    assert looked(there) == [(THERE[:9], "risk")]
    assert browser.get(f"/office/forecasts/{run.public_id}").status_code == 403


def test_programs_read_the_same_list_with_the_same_reasons_and_are_noted(app: Flask, session: Session) -> None:
    client = FreshClient(app)
    run, here, there = listed_run()
    path = f"/api/v1/forecasts/{run.public_id}/households"
    county = token_header(factories.account((RoleKind.OFFICER, HERE[:6])))
    told = client.get(path, headers=county).json
    assert {row["file"] for row in told} == {here.public_id, there.public_id}
    assert {row["code"] for row in told} == {here.code, there.code}
    assert {tuple(row["reasons"]) for row in told} == {("income_unknown",)}
    narrowed = client.get(f"{path}?area_code={THERE[:9]}", headers=county).json
    assert [row["file"] for row in narrowed] == [there.public_id]
    # However often a program reads it in a day, a household is told once of a reader.
    assert (looked(here), looked(there)) == ([(HERE[:6], "risk")],) * 2
    auditor = token_header(factories.account((RoleKind.AUDITOR, HERE[:9])))
    assert [(row["file"], row["code"]) for row in client.get(path, headers=auditor).json] == [(None, here.code)]
    assert looked(here) == [(HERE[:9], "risk"), (HERE[:6], "risk")]
    assert client.get(f"{path}?area_code={THERE[:9]}", headers=auditor).status_code == 404
    assert client.get(path, headers=token_header(factories.account())).status_code == 403


def test_a_long_list_is_read_with_as_many_statements_as_a_short_one(client: FlaskClient, statements: StatementCount) -> None:
    run, here, _there = listed_run()
    officer = factories.account((RoleKind.OFFICER, HERE[:6]))
    browser, headers = Browser(client), token_header(officer)
    browser.is_now(officer)

    def counted(path: str, **more: Any) -> int:
        client.get(path, **more)
        statements.begin()
        assert here.code in client.get(path, **more).text
        return statements.number

    addresses: list[tuple[str, dict[str, Any]]] = [
        (f"/office/forecasts/{run.public_id}", {}),
        (f"/api/v1/forecasts/{run.public_id}/households", {"headers": headers}),
    ]
    short = [counted(path, **more) for path, more in addresses]
    with transaction():
        for _ in range(20):
            made = factories.household(HERE)
            risk = RelapseRisk(run_id=run.id, household_id=made.id, village_code=HERE, probability=0.5, reasons={})
            db.session.add(risk)
    assert [counted(path, **more) for path, more in addresses] == short


def test_a_forecast_of_another_kind_names_no_households(app: Flask, session: Session) -> None:
    client = FreshClient(app)
    with transaction():
        needs(10)
        run = run_needs(made_up=False, now=NOW)
    auditor = token_header(factories.account((RoleKind.AUDITOR, "522636")))
    answer = client.get(f"/api/v1/forecasts/{run.public_id}/households", headers=auditor)
    assert (answer.status_code, answer.json["code"]) == (404, "forecast_without_list")
    assert client.get(f"/api/v1/forecasts/{run.public_id}", headers=auditor).json["kind"] == "needs"
