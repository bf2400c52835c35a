"""Messages that leave the house: with their change or not at all, once, and given up with a reason."""

import email
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.policy import default
from pathlib import Path
from typing import ClassVar

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import Invalid
from marketplace.kernel.outbox.carriers import Carrier, FileCarrier, Letter, NotDelivered, SmtpCarrier
from marketplace.kernel.outbox.delivery import MOST_ATTEMPTS, PAUSES, deliver_due, use_carriers
from marketplace.kernel.outbox.models import Channel, OutgoingMessage
from marketplace.kernel.outbox.posting import post, try_again
from marketplace.kernel.outbox.queries import Standing, count_by_standing, find_messages, standing
from marketplace.kernel.outbox.retention import forget_messages
from tests.own_database import own_database, race

NOW = datetime(2026, 6, 15, 4, 0, tzinfo=UTC)
SENDER = "Nongqiao <letters@nongqiao.example>"


def written(recipient: str = "li@example.com", subject: str = "Hello", **more: object) -> OutgoingMessage:
    """A message, written in a transaction of its own."""
    with transaction():
        return post(
            Channel.EMAIL,
            recipient,
            template="test",
            language="en",
            subject=subject,
            body_text="Pears are ripe.\n",
            now=NOW,
            **more,  # type: ignore[arg-type]
        )


class Failing:
    """A carrier that never gets through."""

    def __init__(self, *, permanent: bool = False) -> None:
        self.permanent = permanent
        self.attempts = 0

    def deliver(self, letter: Letter) -> None:
        """Fail."""
        self.attempts += 1
        raise NotDelivered("the mail server is away", permanent=self.permanent)


class Recording:
    """A carrier that remembers what it took out, from any thread."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def deliver(self, letter: Letter) -> None:
        """Remember."""
        self.taken.append(letter.public_id)


def carried_by(carrier: Carrier) -> None:
    use_carriers({Channel.EMAIL: carrier, Channel.SMS: carrier})


@pytest.fixture(autouse=True)
def nobody_carries_afterwards() -> Iterator[None]:
    yield
    use_carriers({})


def test_a_message_is_there_with_its_change_and_gone_with_the_rollback(session: Session) -> None:
    with pytest.raises(ValueError, match="no"), transaction():
        post(Channel.EMAIL, "li@example.com", template="t", language="en", subject="s", body_text="b", now=NOW)
        raise ValueError("no")
    assert session.scalars(select(OutgoingMessage)).all() == []
    written()
    assert session.execute(text("SELECT task_name FROM procrastinate_jobs")).scalars().all() == ["outbox.deliver"]


def test_a_message_without_a_mail_server_is_a_file_that_mailboxes_can_open(session: Session, tmp_path: Path) -> None:
    carried_by(FileCarrier(tmp_path / "outbox", SENDER))
    message = written(subject="本周村里有什么", body_html="<p>Pears</p>", headers={"List-Unsubscribe": "<http://x/y>"})
    assert deliver_due(now=lambda: NOW) == 1
    (file,) = (tmp_path / "outbox").iterdir()
    found = email.message_from_bytes(file.read_bytes(), policy=default)
    assert file.name == f"{message.public_id}.eml"
    assert (found["To"], found["Subject"], found["From"]) == ("li@example.com", "本周村里有什么", SENDER)
    assert found["Message-ID"] == f"<{message.public_id}@nongqiao.example>"
    assert found["List-Unsubscribe"] == "<http://x/y>"
    assert [part.get_content_type() for part in found.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert message.sent_at == NOW
    assert deliver_due(now=lambda: NOW) == 0


def test_a_short_message_is_a_file_too(session: Session, tmp_path: Path) -> None:
    carried_by(FileCarrier(tmp_path, SENDER))
    with transaction():
        message = post(Channel.SMS, "13800000000", template="t", language="zh_Hans", subject="", body_text="梨熟了", now=NOW)
    assert deliver_due(now=lambda: NOW) == 1
    assert (tmp_path / f"{message.public_id}.txt").read_text() == "To: 13800000000\n\n梨熟了\n"


def test_what_fails_is_tried_again_after_growing_pauses_and_given_up_with_the_reason(session: Session) -> None:
    carrier = Failing()
    carried_by(carrier)
    message, at = written(), NOW
    for number, pause in enumerate(PAUSES, start=1):
        deliver_due(now=lambda at=at: at)  # type: ignore[misc]
        assert (message.attempts, message.next_attempt_at, message.failed_at) == (number, at + pause, None)
        deliver_due(now=lambda at=at + pause - timedelta(seconds=1): at)  # type: ignore[misc]
        assert carrier.attempts == number
        at += pause
    deliver_due(now=lambda: at)
    assert (message.attempts, message.failed_at, message.last_error) == (MOST_ATTEMPTS, at, "the mail server is away")
    assert standing(message) is Standing.FAILED
    deliver_due(now=lambda: at + timedelta(days=9))
    assert carrier.attempts == MOST_ATTEMPTS


def test_what_can_never_get_through_is_given_up_at_once_and_can_be_tried_again_by_hand(session: Session) -> None:
    carried_by(Failing(permanent=True))
    message = written()
    deliver_due(now=lambda: NOW)
    assert (message.attempts, message.failed_at) == (1, NOW)
    recording = Recording()
    carried_by(recording)
    with transaction():
        assert try_again(message, now=NOW)
        assert not try_again(message, now=NOW)
    assert deliver_due(now=lambda: NOW) == 1
    assert recording.taken == [message.public_id]


def test_two_messages_of_one_occasion_are_refused(session: Session) -> None:
    written(occasion="digest:2026-W25:x")
    with pytest.raises(IntegrityError, match="uq_outgoing_message_occasion"):
        written(occasion="digest:2026-W25:x")
    assert len(session.scalars(select(OutgoingMessage)).all()) == 1


@pytest.mark.parametrize(
    ("recipient", "subject"), [("a@b.example\nBcc: c@d.example", "s"), ("a@b.example", "s\r\nX: y"), ("", "s")]
)
def test_a_line_break_in_an_address_or_a_subject_is_refused(session: Session, recipient: str, subject: str) -> None:
    with pytest.raises(Invalid):
        written(recipient, subject)
    assert session.scalars(select(OutgoingMessage)).all() == []


def test_the_outbox_is_searched_by_address_and_subject(session: Session) -> None:
    carried_by(Recording())
    written("li@example.com", "Pears")
    deliver_due(now=lambda: NOW)
    written("wang_1@example.com", "100% apples")
    assert [row.subject for row in find_messages("pear")] == ["Pears"]
    assert [row.subject for row in find_messages("0% A")] == ["100% apples"]
    assert [row.subject for row in find_messages("wang_")] == ["100% apples"]
    assert find_messages("%%") == []
    assert [row.subject for row in find_messages("", Standing.WAITING)] == ["100% apples"]
    assert count_by_standing() == {Standing.WAITING: 1, Standing.SENT: 1, Standing.FAILED: 0}


def test_two_workers_take_each_message_out_once(database_server: embedded_postgres.Server, tmp_path: Path) -> None:
    with own_database(database_server, tmp_path, "outbox") as app:
        recording = Recording()
        carried_by(recording)
        with app.app_context():
            names = {written(f"reader{at}@example.com").public_id for at in range(40)}
        # Both are held up at the first row lock together, so they meet.
        answers = race(app, deliver_due, deliver_due, behind="LOCK TABLE outgoing_message IN EXCLUSIVE MODE")
        assert sum(answers) == 40
        assert sorted(recording.taken) == sorted(names)


def test_a_message_in_the_hands_of_a_worker_that_died_goes_out_later(app: Flask, session: Session) -> None:
    class Dying:
        def deliver(self, letter: Letter) -> None:
            raise KeyboardInterrupt

    carried_by(Dying())
    message = written()
    with pytest.raises(KeyboardInterrupt):
        deliver_due(now=lambda: NOW)
    recording = Recording()
    carried_by(recording)
    assert deliver_due(now=lambda: NOW + timedelta(minutes=9)) == 0
    assert deliver_due(now=lambda: NOW + timedelta(minutes=11)) == 1
    assert recording.taken == [message.public_id]


class MailServer(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs, without TLS; refuses the address ``gone@example.com``."""

    received: ClassVar[list[bytes]] = []

    def handle(self) -> None:
        """Hold one conversation."""
        self.wfile.write(b"220 test\r\n")
        while line := self.rfile.readline().strip():
            word = line.split()[0].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self.received.append(b"".join(iter(self.rfile.readline, b".\r\n")))
            if word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"550 no such reader\r\n" if b"gone@" in line else b"250 ok\r\n")


@pytest.fixture
def mail_server() -> Iterator[str]:
    MailServer.received = []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailServer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"smtp://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_mail_server_gets_the_message(session: Session, mail_server: str) -> None:
    carried_by(SmtpCarrier(f"{mail_server}?tls=off", SENDER))
    written()
    assert deliver_due(now=lambda: NOW) == 1
    (received,) = MailServer.received
    found = email.message_from_bytes(received, policy=default)
    assert (found["To"], found.get_content().splitlines()) == ("li@example.com", ["Pears are ripe."])


def test_an_address_that_the_mail_server_refuses_is_given_up_with_its_words(session: Session, mail_server: str) -> None:
    carried_by(SmtpCarrier(f"{mail_server}?tls=off", SENDER))
    message = written("gone@example.com")
    assert deliver_due(now=lambda: NOW) == 0
    assert (message.failed_at, message.last_error) == (NOW, "the address was refused: 550 no such reader")
    assert MailServer.received == []


def test_nothing_is_said_to_a_mail_server_that_offers_no_tls(session: Session, mail_server: str) -> None:
    carried_by(SmtpCarrier(mail_server, SENDER))
    message = written()
    assert deliver_due(now=lambda: NOW) == 0
    assert message.failed_at is None
    assert "STARTTLS" in message.last_error
    assert MailServer.received == []


def test_a_mail_server_that_is_away_is_a_reason_to_wait(session: Session) -> None:
    carried_by(SmtpCarrier("smtp://127.0.0.1:1?tls=off", SENDER))
    message = written()
    assert deliver_due(now=lambda: NOW) == 0
    assert (message.failed_at, message.next_attempt_at) == (None, NOW + PAUSES[0])
    assert "could not be reached" in message.last_error


def test_what_left_or_was_given_up_is_deleted_in_time_and_what_waits_never(session: Session) -> None:
    sent, given_up, waiting, late = (written(occasion=name) for name in ("sent", "given up", "waiting", "late"))
    with transaction():
        sent.sent_at = given_up.failed_at = NOW
        late.sent_at = NOW + timedelta(seconds=1)
    assert forget_messages(now=NOW + timedelta(days=180)) == 0
    just_after = NOW + timedelta(days=180, microseconds=1)
    assert (forget_messages(now=just_after), forget_messages(now=just_after)) == (2, 0)
    assert {row.id for row in session.scalars(select(OutgoingMessage))} == {waiting.id, late.id}
    assert forget_messages(now=NOW + timedelta(days=9_999)) == 1
    assert session.scalars(select(OutgoingMessage.id)).all() == [waiting.id]
