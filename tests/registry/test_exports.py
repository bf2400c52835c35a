"""Exports: two persons, once, for a short time, marked, and told to every household in them."""

import random
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.identity.models import Account
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from marketplace.registry.export_marks import agreement, source_of
from marketplace.registry.exports import (
    ask_export,
    decide_export,
    export_columns,
    export_rows,
    exports_seen,
    forget_exports,
    get_export,
    households_to_export,
    keep_export,
    take_export,
)
from marketplace.registry.filing import add_member, record_values
from marketplace.registry.models import ExportState, FileExport, FileReading
from marketplace.registry.opening import open_file
from marketplace.registry.reading import Reach, unbounded
from tests import factories
from tests.registry import people

NOW = factories.NOW
TOWNSHIP, VILLAGE, SIBLING = "522636100", factories.VILLAGE, "522636101001"


@pytest.fixture
def asker(session: Session) -> Account:
    """An officer of the township."""
    for village in (VILLAGE, SIBLING):
        factories.area(village)
    return people.officer(TOWNSHIP)


@pytest.fixture
def releaser(session: Session) -> Account:
    """Another officer of the township."""
    return people.officer(TOWNSHIP, "潘干部")


def ask(by: Account, area: str = TOWNSHIP, **more: Any) -> FileExport:
    with transaction():
        reach = Reach.of([TOWNSHIP], "officer")
        return ask_export(area, "冬季走访", reach, **{"year": 2026, "with_id_numbers": False, "by": by, "now": NOW, **more})


def homes(officer: Account, number: int, village: str = VILLAGE) -> None:
    """Households of a head and two children each."""
    with transaction():
        for at in range(number):
            noting = people.noting(officer)
            head = {"name": f"杨{at}", "id_number": people.id_number(date(1970, 1, 1 + at % 28))}
            household = open_file(village, head, Reach.everywhere("a test"), noting, joined_on=date(2026, 1, 1))
            for child in range(2):
                typed = {"name": f"子{at}", "relation": "child", "sex": "female", "born_on": f"20{10 + child}-03-0{1 + at % 9}"}
                add_member(household, typed, noting, joined_on=date(2026, 1, 1))
            record_values(household, {"phone": "13800000000", "bank_account": "6222", "fuel": "coal"}, noting, year=2026)


def ready(asker: Account, releaser: Account, **more: Any) -> FileExport:
    """An export that has been made."""
    export = ask(asker, **more)
    with transaction():
        decide_export(export, release=True, by=releaser, now=NOW)
    with transaction():
        keep_export(export, "the table", households_to_export(export.area_code), now=NOW)
    return export


def test_an_export_is_asked_for_released_by_another_and_taken_once(asker: Account, releaser: Account) -> None:
    homes(asker, 2)
    homes(asker, 1, SIBLING)
    export = ready(asker, releaser)
    assert (export.made_at, export.expires_at) == (NOW, NOW + timedelta(hours=24))
    with transaction():
        assert take_export(export, by=asker, now=NOW + timedelta(hours=1)) == "the table"
    with pytest.raises(Conflict) as refused, transaction():
        take_export(export, by=asker, now=NOW + timedelta(hours=2))
    assert refused.value.code == "export_gone"

    told = db.session.scalars(unbounded(select(FileReading), "a test")).all()
    assert sorted(row.village_code for row in told) == [VILLAGE, VILLAGE]
    assert {(row.by_id, row.part) for row in told} == {(asker.id, "export")}


def test_it_needs_a_purpose_and_an_area_of_ones_own(asker: Account) -> None:
    reach = Reach.of([TOWNSHIP], "officer")
    for purpose, area, failure in ((" ", TOWNSHIP, Invalid), ("x", "522636", NotFound), ("x", f"{TOWNSHIP}999", NotFound)):
        with pytest.raises(failure), transaction():
            ask_export(area, purpose, reach, year=2026, with_id_numbers=False, by=asker, now=NOW)
    assert db.session.scalars(select(FileExport)).all() == []


def test_nobody_releases_what_they_asked_for_nor_from_a_lower_level(asker: Account, releaser: Account) -> None:
    export = ask(asker, VILLAGE)
    below, beside = people.officer(VILLAGE), people.officer("522636101")
    for somebody, code in ((asker, "own_export"), (below, "level_needed"), (beside, "level_needed")):
        with pytest.raises(Forbidden) as refused, transaction():
            decide_export(export, release=True, by=somebody, now=NOW)
        assert refused.value.code == code
    assert export.state == ExportState.ASKED
    above = people.officer("522636")
    with transaction():
        assert decide_export(export, release=False, by=above, now=NOW, note="Not needed")
        assert not decide_export(export, release=False, by=above, now=NOW)
    with pytest.raises(Conflict), transaction():
        decide_export(export, release=True, by=releaser, now=NOW)


def test_the_table_itself_refuses_a_single_person(asker: Account) -> None:
    export = ask(asker)
    export.state, export.decided_by_id, export.decided_at = "released", asker.id, NOW
    with pytest.raises(IntegrityError, match="ck_file_export_decided_by_another"):
        db.session.flush()
    db.session.rollback()


def test_only_who_asked_takes_it_and_only_in_time(asker: Account, releaser: Account) -> None:
    export = ready(asker, releaser)
    with pytest.raises(Forbidden) as refused, transaction():
        take_export(export, by=releaser, now=NOW)
    assert refused.value.code == "not_asked_by_you"
    with pytest.raises(Conflict), transaction():
        take_export(export, by=asker, now=NOW + timedelta(hours=24))
    waiting = ask(asker)
    with pytest.raises(Conflict) as refused, transaction():
        take_export(waiting, by=asker, now=NOW)
    assert refused.value.code == "export_not_ready"


def test_what_was_not_taken_in_time_is_deleted(asker: Account, releaser: Account) -> None:
    export = ready(asker, releaser)
    with transaction():
        assert forget_exports(now=NOW + timedelta(hours=23)) == 0
        assert forget_exports(now=NOW + timedelta(hours=24)) == 1
    assert db.session.execute(text("SELECT state, content FROM file_export")).one() == ("expired", None)
    with pytest.raises(Conflict), transaction():
        take_export(export, by=asker, now=NOW)


def test_the_kept_table_is_sealed(asker: Account, releaser: Account) -> None:
    ready(asker, releaser)
    kept = db.session.execute(text("SELECT content FROM file_export")).scalar_one()
    assert b"the table" not in bytes(kept)


def test_an_export_is_known_within_its_area_and_to_who_asked(asker: Account) -> None:
    export = ask(asker, VILLAGE)
    village, sibling = Reach.of([VILLAGE], "officer"), Reach.of(["522636101"], "officer")
    other = people.officer("522636101")
    assert exports_seen(village, other) == [export]
    assert exports_seen(sibling, other) == []
    assert exports_seen(sibling, asker) == [export]
    with pytest.raises(NotFound):
        get_export(export.public_id, sibling, other)


def test_numbers_are_in_it_only_when_asked_for_and_accounts_never(asker: Account, releaser: Account) -> None:
    homes(asker, 1)
    for wanted in (False, True):
        export = ready(asker, releaser, with_id_numbers=wanted)
        rows = list(export_rows(export, export.household_ids))
        assert ("id_number" in rows[0]) is wanted
        assert ("id_number" in export_columns(wanted)) is wanted
        assert not any("bank_account" in row for row in rows)
        head = next(row for row in rows if row["relation"] == "head")
        assert (head["phone"], head["fuel"], len(rows)) == ("13800000000", "coal", 3)


def _whole(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return rows


def _a_third(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    codes = sorted({row["household_code"] for row in rows})[::3]
    return [row for row in rows if row["household_code"] in codes]


def _without_heads(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"household_code": row["household_code"], "born_on": row["born_on"]} for row in rows if row["relation"] != "head"]


def _households_shuffled(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    codes = sorted({row["household_code"] for row in rows})
    random.Random(1).shuffle(codes)
    return [row for code in codes for row in rows if row["household_code"] == code]


def test_a_leaked_table_says_whose_copy_it_is(asker: Account, releaser: Account) -> None:
    homes(asker, 75)
    copies = [ready(asker, releaser) for _ in range(3)]
    names = [copy.public_id for copy in copies]
    for copy in copies:
        rows = list(export_rows(copy, copy.household_ids))
        for change in (_whole, _a_third, _without_heads, _households_shuffled):
            leaked = change(rows)
            assert source_of(leaked, names) == copy.public_id, change
            assert source_of(leaked, [name for name in names if name != copy.public_id]) is None, change


def test_a_table_sorted_anew_or_too_short_accuses_nobody(asker: Account, releaser: Account) -> None:
    homes(asker, 30)
    export = ready(asker, releaser)
    rows = list(export_rows(export, export.household_ids))
    by_age = sorted(rows, key=lambda row: (row["household_code"], row["born_on"]))
    assert source_of(by_age, [export.public_id]) is None
    assert agreement(rows[:9], export.public_id) == (3, 3)
    assert source_of(rows[:9], [export.public_id]) is None
