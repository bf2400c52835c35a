"""A program that is not ours adds the ledger up."""

import shutil
import subprocess
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from marketplace.kernel.clock import day_bounds
from marketplace.kernel.db import transaction
from marketplace.ledger.beancount import account_name, beancount_text
from marketplace.ledger.queries import balances_before, booked_transfers
from marketplace.ledger.service import post_transfer
from tests.conftest import EVERY_TEST
from tests.factories import NOW, TODAY

OWN_ENVIRONMENT = Path(__file__).parents[2] / ".venv-beancount" / "bin" / "bean-check"


def text_of(first: date, last: date) -> str:
    begin, end = day_bounds(first, last)
    lines = beancount_text(balances_before(begin), booked_transfers(begin, end), balances_before(end), first=first, last=last)
    return "".join(f"{line}\n" for line in lines)


def book() -> None:
    """Two days of a payment, its settlement and a refund."""
    moves = [
        ("payment", {"buyers": -10_005, "clearing": 10_005}, 2),
        ("settlement", {"clearing": -10_005, "producer:7hk2x": 9_705, "platform:service_fee": 300}, 1),
        ("refund", {"producer:7hk2x": -5, "buyers": 5}, 0),
    ]
    with transaction():
        for kind, amounts, days_ago in moves:
            post_transfer(kind, "order", "x", amounts, at=NOW - timedelta(days=days_ago))


def test_every_transfer_stands_in_the_text_with_its_exact_amounts(session: Session) -> None:
    book()
    text = text_of(TODAY - timedelta(days=2), TODAY)
    assert f'{TODAY - timedelta(days=1)} * "settlement" "order x"' in text
    assert "  Assets:Producer:N-7hk2x  97.05 CNY" in text
    assert f"{TODAY + timedelta(days=1)} balance Equity:Buyers  -100.00 CNY" in text


def test_accounts_of_different_codes_have_different_names() -> None:
    codes = ["buyers", "clearing", "platform:service_fee", "producer:a", "producer:b", "fund:a:b"]
    assert len({account_name(code) for code in codes}) == len(codes)


def _bean_check() -> str:
    found = str(OWN_ENVIRONMENT) if OWN_ENVIRONMENT.exists() else shutil.which("bean-check")
    if found is None:
        if EVERY_TEST:
            pytest.fail("bean-check is missing; .ci/run installs it into an environment of its own")
        pytest.skip("bean-check is not installed")
    return found


@pytest.mark.parametrize("days", [2, 1])
def test_beancount_accepts_the_text_and_finds_the_same_balances(session: Session, tmp_path: Path, days: int) -> None:
    book()
    path = tmp_path / "ledger.beancount"
    path.write_text(text_of(TODAY - timedelta(days=days), TODAY), encoding="utf-8")
    checked = subprocess.run([_bean_check(), str(path)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_beancount_refuses_an_amount_that_was_changed(session: Session, tmp_path: Path) -> None:
    book()
    text = text_of(TODAY - timedelta(days=2), TODAY)
    path = tmp_path / "ledger.beancount"
    path.write_text(text.replace("97.05 CNY", "97.04 CNY", 1), encoding="utf-8")
    checked = subprocess.run([_bean_check(), str(path)], capture_output=True, text=True, check=False)
    assert checked.returncode != 0
    assert "does not balance" in checked.stdout + checked.stderr
