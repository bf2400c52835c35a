"""The house itself: migrations match the models, templates load, texts are translated, arrows point down."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import text

from marketplace.config import Settings
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db
from marketplace.ledger.queries import trial_balance
from marketplace.web.application import create_app
from tests.conftest import make_database

ROOT = Path(__file__).resolve().parents[1]
TRANSLATIONS = ROOT / "marketplace" / "translations"


def test_there_is_one_newest_migration() -> None:
    assert len(ScriptDirectory.from_config(_config()).get_heads()) == 1


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return config


def test_the_migrated_database_is_what_the_models_say(app: Flask) -> None:
    def included(thing: object, name: str | None, kind: str, reflected: bool, compared_to: object) -> bool:
        return not (kind == "table" and str(name).startswith("procrastinate_"))

    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": included})
        assert compare_metadata(context, db.metadata) == []


def _rows() -> dict[str, list[str]]:
    """Every row of every table of ours, as text."""
    with db.engine.connect() as connection:
        tables = connection.scalars(
            text(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
                " AND relname NOT LIKE 'procrastinate\\_%' AND relname <> 'alembic_version'"
            )
        ).all()
        return {
            table: sorted(connection.scalars(text(f'SELECT to_jsonb(row)::text FROM "{table}" AS row'))) for table in tables
        }


def test_a_filled_database_goes_up_from_the_first_revision_and_back_without_loss_and_up_again(
    database_server: embedded_postgres.Server, data_dir: Path, settings: Settings
) -> None:
    url = make_database(database_server, "updown")
    app = create_app(Settings(database_url=url, data_dir=data_dir, secret_key="x"), testing=True)
    with app.app_context():
        upgrade(revision="0001")
        with db.engine.begin() as connection:
            connection.exec_driver_sql((ROOT / "tests" / "first_shop.sql").read_text(encoding="utf-8").replace("%", "%%"))
        before = _rows()
        assert all(before.values())
        upgrade()
        # The newest program reads the oldest books.
        assert trial_balance() == [("buyers", -3160), ("clearing", 0), ("producer:producer000000", 3002), ("service_fee", 158)]
        db.session.remove()
        downgrade(revision="0001")
        assert _rows() == before
        downgrade(revision="base")
        left = db.session.execute(
            text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        )
        assert [name for (name,) in left] == ["alembic_version"]
        db.session.remove()
        upgrade()
        assert db.session.execute(text("SELECT count(*) FROM listing")).scalar() == 0
        db.session.remove()
        db.engine.dispose()


def test_every_template_loads(app: Flask) -> None:
    names = [name for name in app.jinja_env.list_templates() if not name.startswith("bootstrap")]
    assert len(names) > 20
    for name in names:
        app.jinja_env.get_template(name)


def _texts() -> set[str]:
    """Every text of code and templates that is marked for translation."""
    methods = [
        ("**.py", "python"),
        ("templates/**.html", "jinja2"),
        ("templates/**.xml", "jinja2"),
        ("templates/**.txt", "jinja2"),
    ]
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None, "lazy_gettext": None}
    found = extract_from_dir(str(ROOT / "marketplace"), methods, keywords=keywords)
    return {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}


def _catalogue() -> Catalog:
    with (TRANSLATIONS / "zh_Hans" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale="zh_Hans")


def test_every_text_has_chinese() -> None:
    catalogue = _catalogue()
    translated = {message.id if isinstance(message.id, str) else message.id[0] for message in catalogue if message.string}
    missing = sorted(_texts() - translated - {""})
    assert missing == []


def test_every_translation_is_used_and_keeps_its_places() -> None:
    texts = _texts()
    for message in _catalogue():
        if not message.id:
            continue
        key = message.id if isinstance(message.id, str) else message.id[0]
        assert key in texts, f"no longer used: {key}"
        strings = [message.string] if isinstance(message.string, str) else list(message.string)
        places = set(re.findall(r"%\((\w+)\)", key))
        for string in strings:
            assert set(re.findall(r"%\((\w+)\)", string)) - {"num"} == places - {"num"}, key


@pytest.mark.parametrize(
    "words",
    [
        r"\bTODO\b|\bFIXME\b",
        r"py[p]i\.org|python[h]osted|registry\.npm[j]s|deb\.debian\.[o]rg|js[d]elivr|un[p]kg|cdn[j]s",
    ],
)
def test_no_file_holds_a_loose_end_or_a_foreign_host(words: str) -> None:
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    itself = "tests/test_architecture.py"
    found = [
        name
        for name in files
        if name != itself and (ROOT / name).is_file() and re.search(words, (ROOT / name).read_text(errors="replace"))
    ]
    assert found == []


def test_the_arrows_point_down() -> None:
    done = subprocess.run([Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
