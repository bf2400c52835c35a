"""The register names every column there is and no other, seals what is sensitive, and says only what is known."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table, text

from marketplace.fields import register
from marketplace.fields.forgetting import FORGETTINGS
from marketplace.fields.keeping import RULES
from marketplace.fields.register import RegisterError, entries, faults, is_sealed
from marketplace.fields.words import BASES, GROUPS, PEOPLE, READERS
from marketplace.kernel.db import db
from marketplace.kernel.privacy import Encrypted, WrappedKey

THING = """
[thing]
purpose = "to be kept"
group = "account"
basis = "contract"
readers = "self"
keep = "account"
none = "id"
personal = "name"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A register of a test alone."""
    monkeypatch.setattr(register, "FOLDER", tmp_path)
    entries.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    entries.cache_clear()


def tables(*columns: Column[object]) -> MetaData:
    metadata = MetaData()
    Table("thing", metadata, *columns)
    return metadata


def test_every_column_of_every_table_is_in_the_register_and_no_other(app: Flask) -> None:
    # What is missing belongs into the file of its domain in marketplace/fields/register.
    assert faults(db.metadata) == []
    assert len(entries()) == sum(len(table.columns) for table in db.metadata.sorted_tables)


def test_no_table_of_the_database_is_unknown_but_those_of_the_job_queue_and_of_the_migrations(app: Flask) -> None:
    query = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    with app.app_context(), db.engine.connect() as connection:
        there = set(connection.scalars(text(query)))
    unknown = {name for name in there - {entry.table for entry in entries()} if not name.startswith("procrastinate_")}
    assert unknown == {"alembic_version"}


def test_a_column_without_an_entry_and_an_entry_without_a_column_are_faults(folder: Path) -> None:
    (folder / "a.toml").write_text(THING)
    assert faults(tables(Column("id", Integer), Column("name", String))) == []
    assert faults(tables(Column("id", Integer), Column("phone", String))) == [
        "thing.phone is in no register",
        "thing.name is no column any more",
    ]


def test_what_is_sensitive_is_sealed_or_the_register_says_why_not(folder: Path) -> None:
    (folder / "a.toml").write_text(THING.replace("personal", "sensitive"))
    fault = "thing.name is sensitive and neither sealed nor said why not"
    assert faults(tables(Column("id", Integer), Column("name", String))) == [fault]
    assert faults(tables(Column("id", Integer), Column("name", LargeBinary))) == [fault]
    assert faults(tables(Column("id", Integer), Column("name", Encrypted("thing.name")))) == []
    (folder / "a.toml").write_text(THING.replace("personal", "sensitive") + '[thing.unsealed]\nname = "a reason"\n')
    entries.cache_clear()
    assert faults(tables(Column("id", Integer), Column("name", String))) == []


def test_bytes_beside_a_records_key_count_as_sealed() -> None:
    metadata = tables(Column("record_key", WrappedKey), Column("name", LargeBinary), Column("village", String))
    assert [is_sealed(column) for column in metadata.tables["thing"].columns] == [True, True, False]


def test_bytes_called_sealed_of_a_table_that_hangs_on_a_household_count_as_sealed() -> None:
    metadata = tables(Column("household_id", Integer), Column("sealed_name", LargeBinary), Column("picture", LargeBinary))
    assert [is_sealed(column) for column in metadata.tables["thing"].columns] == [False, True, False]


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ('keep = "account"', 'keep = "for ever"', "a keep rule that are known"),
        ('basis = "contract"', 'basis = "interest"', "a keep rule that are known"),
        ('readers = "self"', 'readers = "self anybody"', "a keep rule that are known"),
        ('readers = "self"', 'readers = ""', "a keep rule that are known"),
        ('purpose = "to be kept"', 'purpose = ""', "needs a purpose"),
        ('group = "account"', 'group = "other"', "needs a known group"),
        ('basis = "contract"', 'basis = "none"', "needs a known group and a basis"),
        ('personal = "name"', "", "needs a known group and a basis"),
        ('none = "id"', 'none = "id name"', "thing.name is named twice"),
        ('none = "id"', 'nothing = "id"', "nothing is called nothing"),
        ('personal = "name"', 'personal = "name"\nunsealed = {name = "x"}', "not sensitive"),
    ],
)
def test_a_register_that_says_what_it_cannot_is_refused(folder: Path, right: str, wrong: str, message: str) -> None:
    (folder / "a.toml").write_text(THING.replace(right, wrong))
    with pytest.raises(RegisterError, match=message):
        entries()


def test_every_word_of_the_register_is_used(app: Flask) -> None:
    assert {entry.group for entry in entries()} - {""} == GROUPS.keys()
    assert {entry.basis for entry in entries()} == BASES.keys()
    assert {reader for entry in entries() for reader in entry.readers} == READERS.keys()
    assert {entry.keep for entry in entries()} == RULES.keys()
    assert {group.person for group in GROUPS.values()} == PEOPLE.keys()


def test_a_rule_with_a_period_is_held_by_the_nightly_job_in_every_table_that_names_it(app: Flask) -> None:
    said = {(entry.keep, entry.table) for entry in entries() if RULES[entry.keep].periods}
    held = {(one.rule, table) for one in FORGETTINGS for table in (one.table, *(part.partition(".")[0] for part in one.parts))}
    assert said == held


def test_every_period_has_a_source_and_a_day_and_is_said_in_days() -> None:
    for rule in RULES.values():
        assert ("%(span)s" in rule.words) == bool(rule.periods)
        for period in rule.periods:
            assert period.days >= 1
            assert period.source
        assert len({period.begins_on for period in rule.periods}) == len(rule.periods)


def test_the_files_are_those_of_the_domains() -> None:
    named = {path.stem for path in register.FOLDER.glob("*.toml")}
    domains = {table.__module__.split(".")[1] for table in (mapper.class_ for mapper in db.Model.registry.mappers)}
    assert named == domains
    for path in register.FOLDER.glob("*.toml"):
        modules = {mapper.local_table.name: mapper.class_.__module__.split(".")[1] for mapper in db.Model.registry.mappers}
        assert {modules[table] for table in tomllib.loads(path.read_text())} == {path.stem}
