"""The officer's policy pages: trying out, setting, ending, withdrawing, and the report of what was given."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.recommendations.models import Policy, TiltAlarm, TiltReport
from tests import factories
from tests.web.desk_world import Desk, without_csrf

COUNTY = "522636"
TODAY = clock.local_day(clock.now())
TOMORROW = TODAY + timedelta(days=1)
YESTERDAY = TODAY - timedelta(days=1)
FORM = {
    "area": COUNTY,
    "exposure_share": "30",
    "sales_share": "",
    "household_floor": "50",
    "consumer_guard": "80",
    "begins_on": TOMORROW.isoformat(),
    "ends_on": "",
}


@pytest.fixture
def officer(session: Session, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Account:
    without_csrf(app, monkeypatch)
    factories.area("522636100001")
    factories.area("5227")
    return factories.account((RoleKind.OFFICER, COUNTY), name="丹寨县办")


@pytest.fixture
def desk(client: FlaskClient, officer: Account) -> Desk:
    return Desk(client, officer)


def only() -> Policy:
    return db.session.scalars(select(Policy)).one()


def jobs() -> list[str]:
    return list(db.session.scalars(text("SELECT task_name FROM procrastinate_jobs")))


def test_a_draft_is_tried_out_before_it_can_be_set(desk: Desk) -> None:
    page = desk.get("/office/policy/draft").text
    assert "See what it would do" in page
    assert "Set this policy" not in page
    page = desk.get("/office/policy/draft", query_string=FORM).text
    assert "There is nothing to simulate with yet" in page
    assert "The log cannot say. Every place of the lists shown so far followed from the rules" in page
    assert "Set this policy" in page
    assert db.session.scalars(select(Policy)).all() == []


def test_a_policy_that_is_set_stands_in_the_list_with_who_and_when(desk: Desk) -> None:
    answer = desk.post("/office/policy/draft", FORM)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/office/policy?area={COUNTY}")
    policy = only()
    assert (policy.exposure_share, policy.sales_share, policy.household_floor, policy.consumer_guard) == (0.3, None, 0.5, 0.8)
    page = desk.get("/office/policy").text
    for words in ("Coming", "begins later", "丹寨县办,", "30.0%", "Withdraw"):
        assert words in page
    assert jobs() == []


def test_a_policy_that_begins_today_takes_effect_by_a_job_and_not_by_the_page(desk: Desk) -> None:
    desk.post("/office/policy/draft", {**FORM, "begins_on": TODAY.isoformat()})
    assert jobs() == ["recommendations.apply_policies"]


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_is_wrong_stands_beside_its_field_and_nothing_that_was_typed_is_lost(desk: Desk, method: str) -> None:
    sent = {**FORM, "exposure_share": "", "household_floor": "50", "consumer_guard": "180", "begins_on": "2020-01-01"}
    path = "/office/policy/draft"
    answer = desk.get(path, query_string=sent) if method == "get" else desk.post(path, sent)
    assert answer.status_code == 422
    for words in (
        "A floor is a part of the share of what is shown",
        "Please give a share from 0 to 100 per cent.",
        "A policy cannot begin in the past.",
        "Please set a share of what is shown, a share of sales, or both.",
        'value="180"',
        'value="2020-01-01"',
    ):
        assert words in answer.text
    assert db.session.scalars(select(Policy)).all() == []


@pytest.mark.parametrize("change", [{"exposure_share": "much"}, {"begins_on": "soon"}, {"surprise": "x"}, {"begins_on": ""}])
def test_what_cannot_be_read_is_refused_kindly(desk: Desk, change: dict[str, str]) -> None:
    assert desk.post("/office/policy/draft", {**FORM, **change}).status_code == 422
    assert db.session.scalars(select(Policy)).all() == []


def test_areas_outside_ones_own_are_not_found(desk: Desk) -> None:
    for code in ("5227", "52", "nowhere"):
        assert desk.get("/office/policy/draft", query_string={**FORM, "area": code}).status_code == 404
        assert desk.post("/office/policy/draft", {**FORM, "area": code}).status_code == 404
    assert db.session.scalars(select(Policy)).all() == []


def test_a_coming_policy_is_withdrawn_and_one_in_force_is_ended(desk: Desk) -> None:
    desk.post("/office/policy/draft", FORM)
    coming = only().public_id
    assert desk.post(f"/office/policy/{coming}/withdraw").status_code == 303
    assert db.session.scalars(select(Policy)).all() == []
    desk.post("/office/policy/draft", {**FORM, "begins_on": TODAY.isoformat()})
    held = only().public_id
    assert desk.post(f"/office/policy/{held}/withdraw").status_code == 409
    answer = desk.post(f"/office/policy/{held}/end", {"ends_on": YESTERDAY.isoformat()})
    assert answer.status_code == 422
    assert "The last day must not lie in the past." in answer.text
    assert desk.post(f"/office/policy/{held}/end", {"ends_on": TOMORROW.isoformat()}).status_code == 303
    assert only().ends_on == TOMORROW


def reported(exposed: float = 3.0) -> Policy:
    """A policy in force since a month with one reported day: 3 of 10 shown, ¥12.00 of ¥100.00 sold."""
    with transaction():
        policy = factories.policy(begins_on=TODAY - timedelta(days=30))
        db.session.add(
            TiltReport(
                reported_on=YESTERDAY,
                policy_id=policy.id,
                lists=4,
                readers=3,
                exposure=10.0,
                registered_exposure=exposed,
                exposure_error=0.01,
                expected=2.0,
                registered_expected=0.1,
                expected_error=None,
                kept_share=0.95,
                order_lines=5,
                sold_fen=10_000,
                registered_fen=1_200,
                sold_error=0.02,
                shown_fen=2_000,
                shown_registered_fen=500,
            )
        )
    return policy


def test_the_report_says_what_was_set_and_what_was_given(desk: Desk) -> None:
    reported()
    page = desk.get("/office/tilt").text
    assert "On one day goods of registered households got 30.0% of what was shown, where 30.0% was set, and 12.0% of" in page
    for figure in ("28.0–32.0%", "8.1–15.9%", "5.0%", "¥100.00", "25.0%"):
        assert figure in page


def test_the_file_holds_plain_numbers(desk: Desk) -> None:
    reported()
    answer = desk.get("/office/tilt.csv")
    assert answer.mimetype == "text/csv"
    lines = answer.get_data().decode("utf-8-sig").splitlines()
    assert lines[1] == (
        f"{YESTERDAY},0.300000,,4,3,0.300000,0.280400,0.319600,0.050000,,,0.120000,0.080800,0.159200,0.950000,5,"
        "100.00,12.00,20.00,5.00"
    )


def test_without_a_policy_or_a_day_the_page_says_what_comes(desk: Desk) -> None:
    assert "No policy has held here" in desk.get("/office/tilt").text
    with transaction():
        factories.policy(begins_on=YESTERDAY)
    assert "No day is reported yet" in desk.get("/office/tilt").text


def test_an_alarm_that_lasts_is_said_on_every_page_of_the_desk(desk: Desk) -> None:
    policy = reported()
    with transaction():
        db.session.add(TiltAlarm(policy_id=policy.id, measure="exposure", began_on=YESTERDAY))
    for path in ("/office/sales", "/office/policy", "/office/tilt"):
        page = desk.get(path).text
        assert "the share of what is shown has stayed behind its target by more than chance explains" in page


def test_days_that_make_no_span_are_refused(desk: Desk) -> None:
    for query in ("from=2026-05-02&to=2026-05-01", "from=2001-01-01&to=2026-05-01", "from=x", "to=0001-01-01"):
        assert desk.get(f"/office/tilt?{query}").status_code == 422


def test_the_public_page_shows_floor_and_period(client: FlaskClient, desk: Desk) -> None:
    desk.post("/office/policy/draft", {**FORM, "begins_on": TODAY.isoformat(), "ends_on": TOMORROW.isoformat()})
    page = Desk(client, None).get("/policy").text
    assert "50% of its fair share of what is shown" in page
    assert "at least 80% of the best possible fit" in page
    assert "Last day" in page
