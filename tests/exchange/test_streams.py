"""Two installations, each with a database of its own: what happens below arrives above, whatever befalls the line."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from marketplace.exchange import calls
from marketplace.exchange.calls import NotReached, use_caller
from marketplace.exchange.models import DeliveryReceipt, DownwardEvent, EventStream, PartnerKind, UpwardEvent
from marketplace.exchange.queries import find_above, stream_figures
from marketplace.exchange.service import add_partner
from marketplace.exchange.streams import collect_events, deliver_upwards, queue_events
from marketplace.kernel import clock, embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.signing import newest_signing_key, public_keys
from marketplace.transparency.merkle import fold, leaf_hash, root_of
from tests import factories
from tests.own_database import own_database

# The two run in one process, which has one id; that of each is what the other knows it by.
HERE = "127.0.0.1"
MANY = 10_000


class Line:
    """From below to above; it can be cut, on the way there or on the way back, and alter what passes."""

    def __init__(self, above: Flask) -> None:
        self.client = above.test_client()
        self.cut_from: datetime | None = None
        self.cut_until: datetime | None = None
        self.lose_answers = 0
        self.alter_answer: Any = None
        self.calls = self.refused = 0

    def __call__(self, url: str, body: bytes) -> tuple[int, bytes]:
        self.calls += 1
        if self.cut_from is not None and self.cut_until is not None and self.cut_from <= clock.now() < self.cut_until:
            self.refused += 1
            raise NotReached("the line is cut")
        assert url == "https://above.example.org/api/v1/dci/deliveries"
        answer = self.client.post("/api/v1/dci/deliveries", data=body, content_type="application/json")
        if self.lose_answers:
            self.lose_answers -= 1
            raise NotReached("the answer was lost")
        said = answer.get_data()
        return answer.status_code, self.alter_answer(said) if self.alter_answer else said


class World:
    """Below, above, and the line between them."""

    def __init__(self, below: Flask, above: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        self.below, self.above, self.line = below, above, Line(above)
        self.now = datetime(2026, 5, 1, tzinfo=UTC)
        monkeypatch.setattr(clock, "now", lambda: self.now)
        key = public_keys()[newest_signing_key()]
        agreed = {"own_network": False, "actor": "test", "now": self.now}
        with below.app_context(), transaction():
            add_partner(PartnerKind.ABOVE, HERE, "省局", key, url="https://above.example.org/api/v1/dci", **agreed)
        with above.app_context(), transaction():
            add_partner(PartnerKind.BELOW, HERE, "丹寨县", key, **agreed)

    def queue(self, first: int, number: int) -> None:
        with self.below.app_context(), transaction():
            made = queue_events(
                ((f"test:{at}", {"kind": "test", "number": at}) for at in range(first, first + number)), now=self.now
            )
            assert made == number

    def deliver(self) -> int:
        with self.below.app_context():
            return deliver_upwards(now=self.now)

    def stream(self, app: Flask) -> tuple[int, str, str | None]:
        """Count and root as kept, and what went wrong last; the events themselves must agree with both."""
        with app.app_context():
            (stream,) = db.session.scalars(select(EventStream))
            kept = DownwardEvent if app is self.above else UpwardEvent
            query = select(kept.body).where(kept.position < stream.size).order_by(kept.position)
            bodies = db.session.scalars(query).all()
            assert (len(bodies), root_of([leaf_hash(body.encode()) for body in bodies])) == (stream.size, fold(stream.peaks))
            found = stream.size, fold(stream.peaks).hex(), stream.last_error
            db.session.remove()
        return found


@pytest.fixture(scope="module")
def apps(database_server: embedded_postgres.Server, data_dir: Path, app: Flask) -> Iterator[tuple[Flask, Flask]]:
    """Two applications over two databases; ``app`` keeps its keys in use afterwards, because they are the same."""
    with own_database(database_server, data_dir, "below") as below, own_database(database_server, data_dir, "above") as above:
        yield below, above


@pytest.fixture
def world(apps: tuple[Flask, Flask], monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    below, above = apps
    before = calls._InUse.caller
    for one in apps:
        with one.app_context():
            tables = "exchange_partner, exchange_message, event_stream, upward_event, downward_event, delivery_receipt"
            db.session.execute(text(f"TRUNCATE {tables} CASCADE"))
            db.session.commit()
    made = World(below, above, monkeypatch)
    use_caller(made.line)
    yield made
    use_caller(before)


def test_ten_thousand_events_and_a_line_cut_for_an_hour_end_in_equal_counts_and_equal_roots(world: World) -> None:
    world.queue(0, MANY)
    line, began = world.line, world.now
    # Five deliveries arrive, then the line is cut for an hour; the worker goes on trying each minute.
    served = 0

    def cut_after_five(said: bytes) -> bytes:
        nonlocal served
        served += 1
        if served == 5:
            line.cut_from, line.cut_until = began, began + timedelta(hours=1)
        return said

    line.alter_answer = cut_after_five
    arrived = [world.deliver()]
    assert world.stream(world.below)[0] == world.stream(world.above)[0] == 2500
    assert world.stream(world.below)[2] == "the line is cut"
    while world.now < began + timedelta(hours=2) and sum(arrived) < MANY:
        world.now += timedelta(minutes=1)
        arrived.append(world.deliver())
    assert sum(arrived) == MANY
    # Pauses that grow to a quarter of an hour: a cut line is not hammered at, and is found again within that time.
    assert 5 <= line.refused <= 15
    assert timedelta(hours=1) <= world.now - began <= timedelta(hours=1, minutes=16)
    below, above = world.stream(world.below), world.stream(world.above)
    assert below == above == (MANY, below[1], None)
    with world.below.app_context():
        receipts = db.session.scalars(select(DeliveryReceipt).order_by(DeliveryReceipt.id)).all()
        assert [receipt.size for receipt in receipts] == list(range(500, MANY + 1, 500))
        assert receipts[-1].root.hex() == above[1]
        (figures,) = stream_figures()
        assert (figures.queued, figures.arrived, figures.waiting) == (MANY, MANY, 0)
        db.session.remove()


def test_a_receipt_that_is_lost_makes_no_event_twice(world: World) -> None:
    world.queue(0, 700)
    world.line.lose_answers = 1
    assert world.deliver() == 0
    # Above has them already; below does not know.
    assert (world.stream(world.below)[0], world.stream(world.above)[0]) == (0, 500)
    world.now += timedelta(minutes=1)
    assert world.deliver() == 700
    assert world.stream(world.below) == world.stream(world.above)


def test_a_receipt_that_was_altered_moves_nothing_on(world: World) -> None:
    world.queue(0, 3)

    def altered(said: bytes) -> bytes:
        receipt = json.loads(said)
        receipt["signature"] = receipt["signature"][::-1]
        return json.dumps(receipt).encode()

    world.line.alter_answer = altered
    assert world.deliver() == 0
    size, _, error = world.stream(world.below)
    assert (size, error) == (0, "the receipt is not one for what was sent")
    world.line.alter_answer = None
    world.now += timedelta(minutes=1)
    assert world.deliver() == 3


def test_an_installation_above_that_lost_some_is_sent_them_again(world: World) -> None:
    world.queue(0, 900)
    assert world.deliver() == 900
    with world.above.app_context(), transaction():
        # As after a restore to a moment before the last deliveries.
        db.session.execute(text("DELETE FROM downward_event"))
        db.session.execute(text("DELETE FROM event_stream"))
    world.queue(900, 50)
    assert world.deliver() == 950
    assert world.stream(world.below) == world.stream(world.above)


def test_an_event_that_was_altered_below_after_it_had_arrived_is_refused_above(world: World) -> None:
    world.queue(0, 10)
    world.line.lose_answers = 1
    world.deliver()
    with world.below.app_context(), transaction():
        db.session.execute(text("UPDATE upward_event SET body = '{}' WHERE position = 4"))
    world.now += timedelta(minutes=1)
    assert world.deliver() == 0
    assert world.stream(world.below)[::2] == (0, "the level above answered 409")
    assert world.stream(world.above)[0] == 10


def test_a_delivery_under_a_key_that_is_not_known_is_refused(world: World) -> None:
    with world.above.app_context(), transaction():
        db.session.execute(text("UPDATE exchange_partner SET public_key = sha256('other')"))
    world.queue(0, 1)
    assert world.deliver() == 0
    with world.above.app_context():
        assert db.session.scalar(select(func.count()).select_from(DownwardEvent)) == 0
        db.session.remove()


def test_every_change_of_status_is_told_once_and_its_end_too(world: World) -> None:
    with world.below.app_context():
        with transaction():
            first = factories.household(registered_from=date(2024, 1, 1)).code
            second = factories.household(registered_from=date(2024, 1, 1), registered_until=date(2025, 1, 1)).code
        with transaction():
            assert collect_events(now=world.now) == 3
        with transaction():
            assert collect_events(now=world.now) == 0
        told = [json.loads(body) for body in db.session.scalars(select(UpwardEvent.body).order_by(UpwardEvent.position))]
        assert find_above() is not None
        db.session.remove()
    assert [(one["kind"], one["household"]) for one in told] == [
        ("status_begun", first),
        ("status_begun", second),
        ("status_ended", second),
    ]
    assert (told[0]["category"], told[0]["from"], told[2]["before"]) == ("poor", "2024-01-01", "2025-01-01")
    assert world.deliver() == 3
    assert world.stream(world.below) == world.stream(world.above)
