"""Text messages: their length as networks count it, and a gateway over HTTP."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from marketplace.kernel.outbox.carriers import Letter, NotDelivered
from marketplace.kernel.outbox.sms_gateway import HttpSmsCarrier
from marketplace.kernel.outbox.text_message import fitted, parts

TEXT = "【农桥】红苹果已发货。"
LETTER = Letter("23456789abcdef", "sms", "13800138000", "Hello", f"{TEXT}\n", None, datetime(2026, 6, 15, tzinfo=UTC))


class Gateway(BaseHTTPRequestHandler):
    """A gateway that answers what it was told to."""

    status: ClassVar[int] = 200
    received: ClassVar[list[tuple[dict[str, str], Any]]] = []

    def do_POST(self) -> None:
        """Take a message, or refuse it."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.received.append((dict(self.headers), body))
        self.send_response(self.status)
        if self.status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(b"no such number" if self.status >= 400 else b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def gateway() -> Iterator[str]:
    Gateway.received, Gateway.status = [], 200
    with HTTPServer(("127.0.0.1", 0), Gateway) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/send"
        server.shutdown()
        thread.join()


def test_a_gateway_gets_number_and_text_with_the_token_and_a_key(gateway: str) -> None:
    HttpSmsCarrier(gateway, "secret", "农桥").deliver(LETTER)
    ((headers, body),) = Gateway.received
    assert body == {"id": "23456789abcdef", "to": "13800138000", "from": "农桥", "text": TEXT}
    assert (headers["Authorization"], headers["Idempotency-Key"]) == ("Bearer secret", "23456789abcdef")


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(400, True), (404, True), (422, True), (401, False), (403, False), (408, False), (429, False), (500, False), (503, False)],
)
def test_a_refusal_is_final_only_where_another_try_would_end_the_same_way(gateway: str, status: int, permanent: bool) -> None:
    Gateway.status = status
    with pytest.raises(NotDelivered) as refused:
        HttpSmsCarrier(gateway, "secret", "农桥").deliver(LETTER)
    assert str(refused.value) == f"the gateway refused: {status} no such number"
    assert refused.value.permanent is permanent


def test_the_token_follows_no_redirect(gateway: str) -> None:
    Gateway.status = 302
    with pytest.raises(NotDelivered) as refused:
        HttpSmsCarrier(gateway, "secret", "农桥").deliver(LETTER)
    assert (refused.value.permanent, len(Gateway.received)) == (False, 1)


def test_a_gateway_that_is_away_is_a_reason_to_wait() -> None:
    with pytest.raises(NotDelivered) as refused:
        HttpSmsCarrier("http://127.0.0.1:1/send", "secret", "农桥").deliver(LETTER)
    assert refused.value.permanent is False


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_parts_are_counted_as_networks_do(text: str, number: int) -> None:
    assert parts(text) == number


def test_a_name_is_shortened_no_further_than_needed() -> None:
    def words(name: str) -> str:
        return f"{name}已发货。"

    assert fitted(words, "苹" * 66, 1) == "苹" * 66 + "已发货。"
    assert fitted(words, "苹" * 67, 1) == "苹" * 65 + "…已发货。"
    assert parts(fitted(words, "苹" * 67, 1)) == 1
