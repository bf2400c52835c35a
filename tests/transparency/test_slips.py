"""A slip is checked on a computer that has nothing of ours: the script alone, the published key and the code."""

import base64
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask

from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db
from marketplace.transparency.jobs import append_now, sign_head_now
from marketplace.transparency.queries import published_keys
from marketplace.transparency.slips import MARK, Slip, slip_of
from tests import factories
from tests.conftest import ROOT
from tests.own_database import own_database
from tests.transparency.log_world import pay

SCRIPT = ROOT / "docs" / "check_slip.py"
PAYMENTS = 7


@pytest.fixture(scope="module")
def slips(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[tuple[Flask, list[Slip], str]]:
    """The slips of seven payments under one head, and the published key."""
    with own_database(database_server, data_dir, "slips") as app, app.app_context():
        for number in range(PAYMENTS):
            pay(number, 1234 + number)
        sign_head_now(now=factories.NOW)
        made = [slip_of("payment", "test", str(number)) for number in range(PAYMENTS)]
        yield app, [slip for slip in made if slip is not None], published_keys()[0].public_key.hex()
        db.session.remove()


def run(*arguments: str, text: str = "") -> tuple[int, str]:
    """Run the script in a Python that sees none of our packages; answers its status and all it said."""
    command = [sys.executable, "-I", "-S", str(SCRIPT), *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, env={"PYTHONUTF8": "1"})
    return done.returncode, done.stdout + done.stderr


def test_the_script_is_short_and_needs_nothing_but_python() -> None:
    source = SCRIPT.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 100
    imported = {line.split()[1] for line in source.splitlines() if line.startswith(("import ", "from "))}
    assert imported <= sys.stdlib_module_names


def test_every_slip_of_a_head_is_right_and_says_what_was_booked(slips: tuple[Flask, list[Slip], str]) -> None:
    _, made, key = slips
    assert [(slip.position, slip.size) for slip in made] == [(at, PAYMENTS) for at in range(PAYMENTS)]
    for at, slip in enumerate(made):
        status, said = run(key, slip.code)
        assert status == 0, said
        lines = said.splitlines()
        assert lines[0] == f"RIGHT 相符: leaf {at} of 7, signed {factories.NOW:%Y-%m-%dT%H:%M:%SZ} with key 1"
        assert lines[1] == slip.line
        yuan = f"{(1234 + at) / 100:.2f}"
        assert [line.split() for line in lines[2:]] == [[f"-{yuan}", "yuan", "buyers"], [f"+{yuan}", "yuan", "clearing"]]


@pytest.mark.parametrize(("fen", "yuan"), [(1, "0.01"), (10, "0.10"), (60, "0.60"), (123456789, "1234567.89")])
def test_yuan_are_written_to_the_fen(slips: tuple[Flask, list[Slip], str], fen: int, yuan: str) -> None:
    _, _, key = slips
    pay(fen + 1000, fen)
    sign_head_now(now=factories.NOW + timedelta(days=len(yuan) * 10 + fen % 7))
    found = slip_of("payment", "test", str(fen + 1000))
    assert found is not None
    assert [line.split()[0] for line in run(key, found.code)[1].splitlines()[2:]] == [f"-{yuan}", f"+{yuan}"]


def test_the_code_may_come_by_the_standard_input(slips: tuple[Flask, list[Slip], str]) -> None:
    _, made, key = slips
    assert run(key, text=f"{made[3].code}\n")[0] == 0


FLIP_ALL = """
import sys
sys.path.insert(0, sys.argv[1])
import check_slip
key, code = sys.stdin.read().split()
accepted = 0
alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
def tries():
    for at, old in enumerate(code):
        yield code[:at] + chr(ord(old) ^ 1) + code[at + 1:]
        if old in alphabet:
            yield code[:at] + alphabet[(alphabet.index(old) + 16) % 32] + code[at + 1:]
    for at in range(len(code)):
        yield code[:at] + code[at + 1:]
    yield code[:-32]
    yield code + "AAAA"
number = 0
for other in tries():
    number += 1
    try:
        check_slip.check(key, other)
    except (ValueError, IndexError, check_slip.struct.error, OverflowError, OSError):
        continue
    accepted += 1
assert check_slip.check(key, code)
print(number, accepted)
"""


def test_a_slip_with_any_one_character_flipped_or_left_out_is_refused(slips: tuple[Flask, list[Slip], str]) -> None:
    _, made, key = slips
    code = made[4].code
    command = [sys.executable, "-I", "-S", "-c", FLIP_ALL, str(SCRIPT.parent)]
    done = subprocess.run(command, input=f"{key} {code}", capture_output=True, text=True, check=True)
    number, accepted = map(int, done.stdout.split())
    assert number > 2 * len(code)
    assert accepted == 0


@pytest.mark.parametrize("at", [0, 7, 8, 15, 16, 23, 24, 27, 28, 29, 60, 61, 92, 93, 124, 125, 140, 141, -1, -30])
def test_a_byte_flipped_in_any_part_is_refused_by_the_program_itself(slips: tuple[Flask, list[Slip], str], at: int) -> None:
    _, made, key = slips
    text = made[2].code.partition(":")[2]
    packed = bytearray(base64.b32decode(text + "=" * (-len(text) % 8)))
    packed[at] ^= 0x20
    status, said = run(key, f"{MARK}:{base64.b32encode(bytes(packed)).decode().rstrip('=')}")
    assert status == 1
    assert said.startswith("REFUSED 不符: ")
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("key", "code"),
    [("00" * 32, None), ("zz", None), ("", None), (None, ""), (None, "NONGQIAO1:"), (None, "NONGQIAO1:AAAA"), (None, "x")],
)
def test_another_key_or_no_code_is_refused(slips: tuple[Flask, list[Slip], str], key: str | None, code: str | None) -> None:
    _, made, own = slips
    status, said = run(own if key is None else key, made[0].code if code is None else code)
    assert status == 1
    assert said.startswith("REFUSED 不符: ")
    assert "Traceback" not in said


def test_a_slip_signed_with_a_key_that_was_not_published_is_refused(slips: tuple[Flask, list[Slip], str]) -> None:
    _, made, key = slips
    text = made[0].code.partition(":")[2]
    packed = base64.b32decode(text + "=" * (-len(text) % 8))
    forged = packed[:61] + Ed25519PrivateKey.generate().sign(b"whatever") + packed[125:]
    assert run(key, f"{MARK}:{base64.b32encode(forged).decode().rstrip('=')}")[0] == 1


def test_a_booking_has_no_slip_before_a_head_is_signed_over_it(slips: tuple[Flask, list[Slip], str]) -> None:
    _, made, _ = slips
    pay(100)
    assert slip_of("payment", "test", "100") is None
    append_now()
    assert slip_of("payment", "test", "100") is None
    assert slip_of("payment", "test", "nothing") is None
    assert slip_of("payment", "test", "0") == made[0]


def test_the_text_fits_a_square_code_closely(slips: tuple[Flask, list[Slip], str]) -> None:
    """Figures, capitals and a colon: two characters take eleven bits."""
    _, made, _ = slips
    code = segno.make(made[0].code, error="l", micro=False)
    assert code.mode == "alphanumeric"
    assert code.version <= 20
