"""A program looks after its owner's account as the settings page does."""

from collections.abc import Callable

from flask.testing import FlaskClient

from marketplace.identity.models import Account, RoleKind
from tests import factories
from tests.api.conftest import Headers

ACCOUNT = "/api/v1/account"


def test_what_is_changed_changes_and_the_rest_stays(client: FlaskClient, buyer: Account, bearer: Headers) -> None:
    seen = client.get(ACCOUNT, headers=bearer).json
    assert (seen["login"], seen["personalised"], seen["weekly_letter_to"]) == ("buyer@example.org", True, None)
    changed = client.patch(ACCOUNT, headers=bearer, json={"locale": "en", "weekly_letter_to": "li@example.com"}).json
    assert changed == {**seen, "locale": "en", "weekly_letter_to": "li@example.com"}
    changed = client.patch(ACCOUNT, headers=bearer, json={"personalised": False, "weekly_letter_to": None}).json
    assert changed == {**seen, "locale": "en", "personalised": False}
    assert client.delete(f"{ACCOUNT}/history", headers=bearer).status_code == 204


def test_a_change_that_cannot_be_meant_changes_nothing(client: FlaskClient, bearer: Headers) -> None:
    seen = client.get(ACCOUNT, headers=bearer).json
    for change in ({"locale": "fr"}, {"personalised": "no"}, {"weekly_letter_to": "nowhere"}, {"login": "other"}):
        assert client.patch(ACCOUNT, headers=bearer, json={"locale": "en", **change}).status_code == 422, change
    assert client.get(ACCOUNT, headers=bearer).json == seen


def test_an_enterprise_sets_its_target_and_a_consumer_has_none(
    client: FlaskClient, bearer: Headers, bearer_of: Callable[[Account], Headers]
) -> None:
    canteen = bearer_of(factories.account((RoleKind.ENTERPRISE, "")))
    assert client.get(f"{ACCOUNT}/purchases", headers=canteen).json["target_bp"] is None
    made = client.put(f"{ACCOUNT}/purchases/target", headers=canteen, json={"share_bp": 1500})
    assert (made.status_code, made.json["target_bp"]) == (200, 1500)
    for wrong in (-1, 10_001, "1500", 15.5, True):
        assert client.put(f"{ACCOUNT}/purchases/target", headers=canteen, json={"share_bp": wrong}).status_code == 422
    assert client.get(f"{ACCOUNT}/purchases", headers=canteen).json["target_bp"] == 1500
    assert client.put(f"{ACCOUNT}/purchases/target", headers=bearer, json={"share_bp": 1500}).status_code == 403
