"""From a page that failed people get back to where they work, and strangers to the shop."""

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
