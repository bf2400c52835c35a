"""The API keeps what its OpenAPI document says, whatever is sent to it: schemathesis over a live server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from marketplace.catalogue.models import Unit
from marketplace.identity.models import RoleKind
from marketplace.identity.service import issue_token
from marketplace.kernel import clock, embedded_postgres
from marketplace.kernel.db import transaction
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.service import ship_order
from marketplace.payments.models import PaymentMethod
from tests import factories
from tests.own_database import own_database

ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = 75


class Quiet(WSGIRequestHandler):
    """Thousands of calls are no news."""

    def log(self, *_: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Live:
    """A small shop on loopback and what a caller has to know of it."""

    address: str
    token: str
    spare_tokens: list[str]
    listing: str
    group: str
    order: str


@pytest.fixture(scope="module")
def live(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Live]:
    """The shop, served until the test is over."""
    with own_database(database_server, data_dir, "contract") as app:
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        with app.app_context():
            shop = _fill(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield shop
        server.shutdown()
        thread.join()
        server.server_close()


def _fill(address: str) -> Live:
    now = clock.now()
    with transaction():
        factories.policy()
        # Somebody who may do everything, so that the calls get behind the doors.
        buyer = factories.account(*[(kind, "52") for kind in RoleKind], login="contract@example.org")
        seller = factories.producer(registered=True, owner=buyer)
        # Sold by weight: that pieces come whole is a rule of the listing that no schema can say.
        listings = [
            factories.listing(seller, price_fen=price_fen, stock=100_000, unit=Unit.JIN, unit_grams=500)
            for price_fen in (100, 333, 1250, 9999)
        ]
        basket = factories.basket(buyer, (listings[0], 2), (listings[1], 1))
        destination = Destination("张三", "13800000000", "522636", "龙泉镇")
        method = PaymentMethod.CASH_ON_DELIVERY
        group = place_order(buyer.id, buyer.public_id, basket.public_id, destination, method, 533, now=now)
        order = ship_order(group.orders[0].public_id, seller.id, actor="test", now=now)
        tokens = [issue_token(buyer, now=now)[0] for _ in range(1000)]
        return Live(address, tokens[0], tokens[1:], listings[0].public_id, group.public_id, order.public_id)


def test_the_api_keeps_its_contract_whatever_is_sent(live: Live, tmp_path: Path) -> None:
    spare_file = tmp_path / "spare"
    spare_file.write_text("\n".join(live.spare_tokens), encoding="ascii")
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": str(ROOT / "tests" / "api" / "contract_hooks.py"),
        "CONTRACT_TOKEN": live.token,
        "CONTRACT_SPARE_TOKENS": str(spare_file),
        "CONTRACT_LISTING": live.listing,
        "CONTRACT_GROUP": live.group,
        "CONTRACT_ORDER": live.order,
    }
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(ROOT / "tests" / "api" / "schemathesis.toml")),
        *("run", f"{live.address}/api/v1/openapi.json"),
        *("--checks", "all", "--seed", "1", "--max-examples", "25", "--max-time", str(MOST_SECONDS)),
        *("--generation-database", "none", "--no-color"),
    ]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=5 * MOST_SECONDS)
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-5_000:]
