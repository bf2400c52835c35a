"""Sealed columns: only the right key opens them, in the right place; keys can be changed; equal values are found unopened."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from marketplace.kernel import privacy
from marketplace.kernel.privacy import (
    FILE,
    Encrypted,
    Keys,
    PrivacyError,
    WrappedKey,
    blind_index,
    key_number,
    new_record_key,
    open_in_record,
    open_sealed,
    own_keys,
    reseal,
    rewrap,
    seal,
    seal_in_record,
)

INDEX, FIRST, SECOND = "11" * 32, "22" * 32, "33" * 32
WRONG = ("", f",1:{FIRST[:-1]}", f",0:{FIRST}", f",1:{'x' * 64}")
NUMBER = "6222 0000 1234 5678"


@pytest.fixture(autouse=True)
def keys(app: Flask) -> Iterator[None]:
    """Keys of these tests; afterwards the application's again."""
    before = privacy._InUse.keys
    privacy.use_keys(Keys.parse(f"index:{INDEX},1:{FIRST}"))
    yield
    privacy.use_keys(before)


def test_what_was_sealed_is_opened_and_never_looks_the_same() -> None:
    sealed = [seal(NUMBER, "payee.number") for _ in range(2)]
    assert sealed[0] != sealed[1]
    assert NUMBER.encode() not in sealed[0]
    assert [open_sealed(one, "payee.number") for one in sealed] == [NUMBER, NUMBER]
    assert open_sealed(seal("杨阿妹", "payee.holder"), "payee.holder") == "杨阿妹"


def test_a_value_moved_to_another_column_or_changed_in_a_bit_does_not_open() -> None:
    sealed = seal(NUMBER, "payee.number")
    with pytest.raises(PrivacyError, match=r"payout\.number is not what was sealed for it with key 1"):
        open_sealed(sealed, "payout.number")
    for at in range(5, len(sealed)):
        with pytest.raises(PrivacyError):
            open_sealed(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], "payee.number")
    for nothing in (b"", b"\x01", b"plain text that was never sealed"):
        with pytest.raises(PrivacyError):
            open_sealed(nothing, "payee.number")


def test_after_a_new_key_old_values_open_with_theirs_and_new_ones_are_sealed_with_it() -> None:
    old = seal(NUMBER, "payee.number")
    privacy.use_keys(Keys.parse(f"index:{INDEX}\n1:{FIRST}\n2:{SECOND}\n"))
    new = seal(NUMBER, "payee.number")
    assert (key_number(old), key_number(new)) == (1, 2)
    assert open_sealed(old, "payee.number") == open_sealed(new, "payee.number") == NUMBER
    privacy.use_keys(Keys.parse(f"index:{INDEX},2:{SECOND}"))
    with pytest.raises(PrivacyError, match=r"payee\.number was sealed with key 1, which is not among the privacy keys"):
        open_sealed(old, "payee.number")


def test_equal_values_of_one_purpose_have_equal_digests_whatever_seals_them() -> None:
    before = blind_index("62220000", "payee.number")
    privacy.use_keys(Keys.parse(f"index:{INDEX},2:{SECOND}"))
    assert blind_index("62220000", "payee.number") == before
    assert len({before, blind_index("62220001", "payee.number"), blind_index("62220000", "phone")}) == 3
    privacy.use_keys(Keys.parse(f"index:{SECOND},1:{FIRST}"))
    assert blind_index("62220000", "payee.number") != before


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        f"1:{FIRST}",
        f"index:{INDEX}",
        f"index:{INDEX},1:{FIRST[:-1]}",
        f"index:{INDEX},0:{FIRST}",
        f"index:{INDEX},1:{'x' * 64}",
    ],
)
def test_keys_that_are_written_wrongly_are_refused(wrong: str) -> None:
    with pytest.raises(PrivacyError):
        Keys.parse(wrong)
    with pytest.raises(PrivacyError):
        Keys.parse(f"index:{INDEX},1:{FIRST},1:{SECOND}")


def test_an_installation_makes_its_keys_once_where_only_its_owner_reads_them(tmp_path: Path) -> None:
    made = own_keys(tmp_path)
    assert own_keys(tmp_path) == made
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert len(made.index) == len(made.sealing[1]) == 32


def test_without_keys_nothing_is_sealed_and_nothing_is_a_value_too() -> None:
    column = Encrypted("payee.number")
    dialect = object()
    assert column.process_bind_param(None, dialect) is None  # type: ignore[arg-type]
    assert column.process_result_value(None, dialect) is None  # type: ignore[arg-type]
    privacy.use_keys(None)
    with pytest.raises(PrivacyError, match="no privacy keys are in use"):
        seal(NUMBER, "payee.number")


PLACE = "household.name:42"


def test_a_value_sealed_in_a_record_opens_with_its_key_alone_and_in_its_place_alone() -> None:
    mine, other = new_record_key(), new_record_key()
    sealed = [seal_in_record(mine, "杨阿妹", PLACE) for _ in range(2)]
    assert sealed[0] != sealed[1]
    assert [open_in_record(mine, one, PLACE) for one in sealed] == ["杨阿妹", "杨阿妹"]
    for key, place in ((other, PLACE), (mine, "household.name:43"), (mine, "household.village:42")):
        with pytest.raises(PrivacyError, match=rf"{place} is not what was sealed for it with its record's key"):
            open_in_record(key, sealed[0], place)


def test_no_changed_bit_of_a_wrapped_key_or_of_a_value_in_its_record_opens() -> None:
    wrapped = new_record_key()
    sealed = seal_in_record(wrapped, NUMBER, PLACE)
    for at in range(len(sealed)):
        with pytest.raises(PrivacyError):
            open_in_record(wrapped, sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], PLACE)
    for at in range(len(wrapped)):
        with pytest.raises(PrivacyError):
            open_in_record(wrapped[:at] + bytes([wrapped[at] ^ 1]) + wrapped[at + 1 :], sealed, PLACE)


def test_a_value_is_never_taken_for_a_key_nor_a_key_for_a_value() -> None:
    wrapped = new_record_key()
    with pytest.raises(PrivacyError, match="record key holds something that was not sealed here"):
        open_in_record(seal(NUMBER, "record key"), seal_in_record(wrapped, NUMBER, PLACE), PLACE)
    with pytest.raises(PrivacyError, match="record key holds something that was not sealed here"):
        open_sealed(wrapped, "record key")
    for nothing in (b"", b"\x03", seal(NUMBER, PLACE)):
        with pytest.raises(PrivacyError, match="holds something that was not sealed in a record"):
            open_in_record(wrapped, nothing, PLACE)
    dialect = object()
    column = WrappedKey()
    assert column.process_bind_param(wrapped, dialect) == column.process_result_value(wrapped, dialect) == wrapped  # type: ignore[arg-type]
    assert column.process_bind_param(None, dialect) is column.process_result_value(None, dialect) is None  # type: ignore[arg-type]
    with pytest.raises(PrivacyError, match="only a wrapped key is kept in a column for one"):
        column.process_bind_param(bytes(32), dialect)  # type: ignore[arg-type]


def test_a_new_key_wraps_the_records_key_again_and_leaves_its_values_as_they_are() -> None:
    first = new_record_key()
    sealed, alone = seal_in_record(first, NUMBER, PLACE), seal(NUMBER, "payee.number")
    assert (rewrap(first), reseal(alone, "payee.number")) == (first, alone)
    privacy.use_keys(Keys.parse(f"index:{INDEX},1:{FIRST},2:{SECOND}"))
    second, alone_again = rewrap(first), reseal(alone, "payee.number")
    assert [key_number(one) for one in (first, second, alone, alone_again)] == [1, 2, 1, 2]
    privacy.use_keys(Keys.parse(f"index:{INDEX},2:{SECOND}"))
    assert open_in_record(second, sealed, PLACE) == open_sealed(alone_again, "payee.number") == NUMBER
    with pytest.raises(PrivacyError, match="record key was sealed with key 1, which is not among the privacy keys"):
        open_in_record(first, sealed, PLACE)
