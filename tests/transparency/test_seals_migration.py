"""The log takes over from the seals only a ledger that still says what was sealed."""

import hashlib
import json
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db
from marketplace.ledger.queries import trial_balance
from marketplace.transparency.checking import check_books
from marketplace.transparency.jobs import append_now
from tests import factories
from tests.conftest import ROOT
from tests.own_database import own_database
from tests.transparency.log_world import pay


def revision_before() -> str:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    revision = ScriptDirectory.from_config(config).get_revision("0032")
    assert revision is not None
    return str(revision.down_revision)


def seal_as_before() -> None:
    """Write the seal of everything as it was written down then."""
    at = f"{factories.NOW:%Y-%m-%dT%H:%M:%S.%fZ}"
    with db.engine.begin() as connection:
        rows = connection.execute(text("SELECT id, public_id, purpose_id FROM transfer ORDER BY id")).all()
        for row in rows:
            line = [row.id, row.public_id, "payment", "test", row.purpose_id, None, at, "buyers=-100,clearing=100"]
            digest = hashlib.sha256(json.dumps(line).encode()).digest()
            connection.execute(
                text("INSERT INTO transfer_digest (transfer_id, digest) VALUES (:id, :digest)"),
                {"id": row.id, "digest": digest},
            )
        connection.execute(
            text(
                "INSERT INTO ledger_seal (through_transfer_id, through_entry_id, transfers, digest, at)"
                " VALUES (:last, (SELECT max(id) FROM entry), :number, sha256('x'), now())"
            ),
            {"last": rows[-1].id, "number": len(rows)},
        )


def sealed(app: Flask) -> None:
    """Go back to the days of seals with two transfers and seal them."""
    for number in (1, 2):
        pay(number)
    append_now()
    db.session.remove()
    downgrade(revision=revision_before())
    seal_as_before()


def test_a_sound_ledger_goes_over_and_its_balances_stay(database_server: embedded_postgres.Server, data_dir: Path) -> None:
    with own_database(database_server, data_dir, "seals_sound") as app, app.app_context():
        sealed(app)
        upgrade()
        assert append_now() == 2
        assert trial_balance() == [("buyers", -200), ("clearing", 200)]
        assert check_books().fault is None
        db.session.remove()


def test_an_altered_transfer_is_named_before_its_seal_is_given_up(
    database_server: embedded_postgres.Server, data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with own_database(database_server, data_dir, "seals_altered") as app, app.app_context():
        sealed(app)
        with db.engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            second = connection.scalar(text("SELECT max(id) FROM transfer"))
            connection.execute(text("UPDATE entry SET amount_fen = 3 * amount_fen WHERE transfer_id = :id"), {"id": second})
        # The command says what its error was and ends.
        with pytest.raises(SystemExit):
            upgrade()
        assert f"transfer {second} is not what was sealed" in caplog.text
        assert db.session.scalar(text("SELECT count(*) FROM transfer_digest")) == 2
        db.session.remove()
