"""From a page that failed people get back to where they work, strangers to the shop, and writers to their form."""

import pytest
from flask.testing import FlaskClient

from marketplace.identity.models import RoleKind
from tests import factories
from tests.web.conftest import Browser

OFFICER, AUDITOR, FARMER = RoleKind.OFFICER, RoleKind.AUDITOR, RoleKind.FARMER


@pytest.mark.parametrize(
    ("kinds", "path", "label", "target"),
    [
        ((OFFICER,), "/office/projects/aaaaaaaaaaaaaa", "Back: Office desk", "/office/sales"),
        ((OFFICER,), "/office/nowhere", "Back: Office desk", "/office/sales"),
        ((OFFICER, AUDITOR), "/inspection/nowhere", "Back: Office desk", "/office/sales"),
        ((AUDITOR,), "/inspection/nowhere", "Back: Audit desk", "/funds"),
        ((OFFICER,), "/nowhere", "Back to the shop", "/"),
        ((FARMER,), "/office/projects", "Back to the shop", "/"),
        ((), "/office/nowhere", "Back to the shop", "/"),
    ],
)
def test_an_error_leads_back_to_the_desk_that_the_page_is_part_of(
    client: FlaskClient, kinds: tuple[RoleKind, ...], path: str, label: str, target: str
) -> None:
    factories.area()
    browser = Browser(client)
    scopes = {OFFICER: factories.VILLAGE[:6], AUDITOR: factories.VILLAGE[:6], FARMER: ""}
    browser.is_now(factories.account(*((kind, scopes[kind]) for kind in kinds)))
    answer = browser.get(path)
    assert answer.status_code in (403, 404)
    main = answer.text[answer.text.index("<main") : answer.text.index("</main>")]
    assert f'<a class="button" href="{target}">{label}</a>' in main


LONG = "They asked five yuan of each of us.\n<b>Nobody</b> gave a receipt."


def test_a_refused_form_leads_back_to_its_page_and_shows_what_was_written(client: FlaskClient) -> None:
    factories.area()
    browser = Browser(client)
    browser.is_now(factories.account((OFFICER, factories.VILLAGE[:6])))
    secret = "three words that stay hidden"
    form = {"choice": "off", "words": LONG, "password": secret}
    answer = browser.post("/personalisation", form, sent_from="/complain?area=52")
    assert answer.status_code == 422
    main = answer.text[answer.text.index("<main") : answer.text.index("</main>")]
    assert '<a class="button" href="/complain?area=52">Back to what you entered</a>' in main
    assert "asked five yuan of each of us.\n&lt;b&gt;Nobody&lt;/b&gt; gave a receipt." in main
    assert secret not in answer.text


def test_a_form_that_was_sent_from_elsewhere_shows_nothing_of_it(client: FlaskClient) -> None:
    factories.area()
    browser = Browser(client)
    browser.is_now(factories.account((OFFICER, factories.VILLAGE[:6])))
    token = browser.token()
    answer = client.post(
        "/personalisation",
        data={"csrf_token": token, "choice": "off", "words": LONG},
        headers={"Accept-Language": "en", "Referer": "https://elsewhere.example/page"},
    )
    assert answer.status_code == 422
    assert "Back to the shop" in answer.text
    assert "Nobody" not in answer.text
