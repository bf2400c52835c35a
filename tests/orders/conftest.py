"""A small shop that collects through the double, and a purchase in it."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests.orders.online import Purchase
from tests.payments.double import Double, collecting_by_double
from tests.web.conftest import Browser
from tests.web.shop_world import ShopWorld


@pytest.fixture
def double(app: Flask) -> Iterator[Double]:
    with collecting_by_double() as double:
        yield double


@pytest.fixture
def world(session: Session, double: Double) -> ShopWorld:
    return ShopWorld()


@pytest.fixture
def browser(client: FlaskClient, world: ShopWorld) -> Browser:
    browser = Browser(client)
    browser.is_now(world.buyer)
    return browser


@pytest.fixture
def purchase(browser: Browser, world: ShopWorld, double: Double) -> Purchase:
    return Purchase(browser, world, double)
