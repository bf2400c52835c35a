"""Recommendations over the API."""

from datetime import date, timedelta
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import func, select

from marketplace.identity.models import Account
from marketplace.identity.service import issue_token
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.recommendations import loaded, training
from marketplace.recommendations.models import EventKind, ServedList
from marketplace.recommendations.service import record_event, set_personalised
from tests import factories
from tests.api.conftest import Headers

ADDRESS = "/api/v1/recommendations"


def test_strangers_get_what_is_popular_with_its_reason_and_the_policies_that_cover_it(client: FlaskClient) -> None:
    policy = factories.policy(exposure_share=0.3, begins_on=date(2026, 1, 1))
    # It began later, but nothing of its area stands in the list.
    factories.policy("522635", begins_on=date(2026, 2, 1))
    made = [factories.listing(rank=float(-number)) for number in range(3)]
    answer = client.get(ADDRESS, query_string={"n": 2})
    assert answer.status_code == 200
    assert [item["reason"] for item in answer.json["items"]] == ["popular", "popular"]
    assert {item["listing"]["public_id"] for item in answer.json["items"]} <= {listing.public_id for listing in made}
    assert answer.json["personalised"] is False
    assert answer.json["policies"] == [
        {
            "public_id": policy.public_id,
            "area_code": "522636",
            "exposure_share": 0.3,
            "sales_share": None,
            "begins_on": "2026-01-01",
        }
    ]


def test_a_list_of_two_counties_names_the_policy_of_each(client: FlaskClient) -> None:
    factories.policy("522636")
    factories.policy("52")
    for village in ("522636100001", "522635100001"):
        factories.listing(factories.producer(village))
    answer = client.get(ADDRESS)
    assert [policy["area_code"] for policy in answer.json["policies"]] == ["52", "522636"]


def test_an_empty_shop_recommends_nothing_under_no_policy(client: FlaskClient) -> None:
    assert client.get(ADDRESS).json == {"items": [], "personalised": False, "policies": []}


def test_what_was_shown_is_written_down_for_the_surface(client: FlaskClient) -> None:
    made = factories.listing()
    client.get(ADDRESS)
    row = db.session.execute(select(ServedList.surface, ServedList.listing_ids, ServedList.account_id)).one()
    assert row == ("api", [made.id], None)


def test_a_token_makes_the_list_personal_until_its_owner_says_no(
    client: FlaskClient, buyer: Account, bearer: Headers, tmp_path: Path
) -> None:
    now = clock.now()
    with transaction():
        for _ in range(3):
            bought = factories.listing()
            record_event(buyer, bought.id, EventKind.PURCHASE, now=now - timedelta(days=30))
            record_event(buyer, bought.id, EventKind.PURCHASE, now=now - timedelta(days=2))
        # One consumer alone teaches nothing.
        record_event(factories.account(), bought.id, EventKind.PURCHASE, now=now - timedelta(days=2))
    assert client.get(ADDRESS, headers=bearer).json["personalised"] is False, "before there is a model"
    loaded.use_models_in(tmp_path)
    training.train(tmp_path, now=now, say=lambda _: None)
    assert client.get(ADDRESS, headers=bearer).json["personalised"] is True
    with transaction():
        newcomer = {"Authorization": f"Bearer {issue_token(factories.account(), now=now)[0]}"}
    assert client.get(ADDRESS, headers=newcomer).json["personalised"] is False, "nothing is known of who did nothing"
    with transaction():
        set_personalised(buyer, False, now=clock.now())
    assert client.get(ADDRESS, headers=bearer).json["personalised"] is False
    assert db.session.scalar(select(func.count()).where(ServedList.account_id.is_not(None))) == 3


def test_a_bad_token_is_refused_and_nothing_is_shown(client: FlaskClient) -> None:
    factories.listing()
    refused = client.get(ADDRESS, headers={"Authorization": "Bearer nothing"})
    assert (refused.status_code, refused.json["code"]) == (401, "token_invalid")
    assert db.session.scalar(select(func.count(ServedList.id))) == 0


def test_a_list_can_go_with_listings_and_says_with_which(client: FlaskClient, tmp_path: Path) -> None:
    tea, honey = (factories.listing(kind=factories.product(name, name, name)) for name in ("tea", "honey"))
    rice = factories.listing(kind=factories.product("rice", "rice", "rice"))
    with transaction():
        for number in range(20):
            person = factories.account()
            for bought in (tea, honey) if number < 10 else (rice,):
                record_event(person, bought.id, EventKind.PURCHASE, now=clock.now() - timedelta(days=number + 1))
    loaded.use_models_in(tmp_path)
    training.train(tmp_path, now=clock.now(), say=lambda _: None)
    answer = client.get(ADDRESS, query_string={"near": tea.public_id, "n": 2})
    said = [(item["listing"]["public_id"], item["reason"], item["goes_with"]) for item in answer.json["items"]]
    assert said == [(honey.public_id, "goes_with", tea.public_id), (rice.public_id, "popular", None)]


def test_an_unknown_listing_to_go_with_is_refused_by_name(client: FlaskClient) -> None:
    known = factories.listing()
    refused = client.get(ADDRESS, query_string={"near": f"{known.public_id},23456789abcdef"})
    assert (refused.status_code, refused.json["code"]) == (404, "listing_unknown")
    assert client.get(ADDRESS, query_string={"near": "x"}).status_code == 422
    assert db.session.scalar(select(func.count(ServedList.id))) == 0


def test_only_what_is_delivered_to_the_area_asked_for_is_shown(client: FlaskClient) -> None:
    factories.area("522636")
    near, far = factories.listing(), factories.listing()
    near.delivers_to = "52"
    shown = {
        area: {item["listing"]["public_id"] for item in client.get(ADDRESS, query_string={"area": area}).json["items"]}
        for area in ("52", "522636", "5101")
    }
    both = {near.public_id, far.public_id}
    assert shown == {"52": both, "522636": both, "5101": {far.public_id}}
    assert client.get(ADDRESS, query_string={"area": "5"}).status_code == 422
