"""How often a purchase asks the database: as often for eight lines as for one, and never more by accident.

Only telling the sellers of it asks for each of them: who may act for them, where they are reached, what programs listen.
"""

import re

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from marketplace.identity.service import issue_token
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from tests import factories
from tests.web.conftest import Browser, StatementCount
from tests.web.shop_world import ADDRESS, COUNTY, ShopWorld

# Of the account, the key, the county, the basket and its lines, under locks of listings, lots and holds, the ways to send, the
# terms of the shares, then what is written and whom it is told.
OF_A_FORM, OF_A_CALL = 34, 34
OF_EACH_FURTHER_SELLER = 4


def test_a_purchase_by_form_asks_as_often_for_eight_lines_as_for_one_but_tells_each_seller(
    session: Session, browser: Browser, statements: StatementCount
) -> None:
    world = ShopWorld()
    goods = [factories.listing(price_fen=100) for _ in range(8)]
    browser.is_now(world.buyer)
    for number in (1, 8):
        world.basket(*((listing, 1) for listing in goods[:number]))
        page = browser.get("/checkout").text
        fields = {
            name: re.search(rf'name="{name}" value="([^"]+)"', page) for name in ("basket", "expected_total_fen", "csrf_token")
        }
        form = {name: found[1] for name, found in fields.items() if found is not None}
        browser._begin()
        statements.begin()
        answer = browser.client.post("/checkout", data={**ADDRESS, **form})
        assert answer.status_code == 303
        assert statements.number == OF_A_FORM + (number - 1) * OF_EACH_FURTHER_SELLER, statements.statements


def test_a_purchase_by_call_asks_as_often_for_eight_lines_as_for_one_but_tells_each_seller(
    session: Session, client: FlaskClient, browser: Browser, statements: StatementCount
) -> None:
    world = ShopWorld()
    goods = [factories.listing(price_fen=100) for _ in range(8)]
    with transaction():
        token, _ = issue_token(world.buyer, now=clock.now())
    destination = {"recipient": "王小满", "phone": "13800138000", "area_code": COUNTY, "address": "南街 1 号"}
    for number in (1, 8):
        basket = world.basket(*((listing, 1) for listing in goods[:number]))
        body = {"basket": basket.public_id, "expected_total_fen": 100 * number, "destination": destination}
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"key-{number}"}
        browser._begin()
        statements.begin()
        answer = client.post("/api/v1/checkout", json={**body, "payment_method": "cash_on_delivery"}, headers=headers)
        assert answer.status_code == 201, answer.text
        assert statements.number == OF_A_CALL + (number - 1) * OF_EACH_FURTHER_SELLER, statements.statements
        db.session.commit()
