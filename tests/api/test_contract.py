"""The API keeps what its OpenAPI document says, whatever is sent to it: schemathesis over a live server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from threading import Thread

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from marketplace.catalogue.models import Unit
from marketplace.identity.service import issue_token
from marketplace.kernel import clock, embedded_postgres
from marketplace.kernel.db import transaction
from tests import factories
from tests.own_database import own_database

ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = 60


class Quiet(WSGIRequestHandler):
    """Thousands of calls are no news."""

    def log(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def live(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[tuple[str, str, list[str]]]:
    """A small shop on loopback: its address, a token, and tokens to be revoked."""
    with own_database(database_server, data_dir, "contract") as app:
        with app.app_context():
            token, spare = _fill()
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", token, spare
        server.shutdown()
        thread.join()
        server.server_close()


def _fill() -> tuple[str, list[str]]:
    now = clock.now()
    with transaction():
        factories.policy()
        seller = factories.producer(registered=True)
        # Sold by weight: that pieces come whole is a rule of the listing that no schema can say.
        for number in range(4):
            factories.listing(
                seller, price_fen=100 + number, stock=Decimal(100_000), unit=Unit.JIN, title_zh=f"苹果{number}", unit_grams=500
            )
        buyer = factories.account(login="contract@example.org")
        token, _ = issue_token(buyer, now=now)
        spare = [issue_token(buyer, now=now)[0] for _ in range(1000)]
    return token, spare


def test_the_api_keeps_its_contract_whatever_is_sent(live: tuple[str, str, list[str]], tmp_path: Path) -> None:
    address, token, spare = live
    spare_file = tmp_path / "spare"
    spare_file.write_text("\n".join(spare), encoding="ascii")
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": str(ROOT / "tests" / "api" / "contract_hooks.py"),
        "CONTRACT_TOKEN": token,
        "CONTRACT_SPARE_TOKENS": str(spare_file),
    }
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{address}/api/v1/openapi.json"),
        *("--checks", "all", "--seed", "1", "--max-examples", "25", "--max-time", str(MOST_SECONDS)),
        *("--generation-database", "none", "--no-color"),
    ]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=5 * MOST_SECONDS)
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-5_000:]
