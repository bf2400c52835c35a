"""Programs are told of events: signed, again when they did not answer, and never a machine of our own network by mistake."""

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from marketplace.identity.models import Account
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Invalid, NotFound
from marketplace.kernel.outbox.carriers import Letter, NotDelivered
from marketplace.kernel.outbox.delivery import deliver_due, use_carriers
from marketplace.kernel.outbox.models import Channel, OutgoingMessage
from marketplace.kernel.privacy import open_sealed
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.service import ship_order
from marketplace.payments.models import PaymentMethod
from marketplace.webhooks import addresses, calling
from marketplace.webhooks.addresses import AddressRefused, addresses_to_call, check_address
from marketplace.webhooks.calling import WebhookCarrier
from marketplace.webhooks.models import WebhookEndpoint
from marketplace.webhooks.queries import find_secret, get_endpoint
from marketplace.webhooks.service import add_endpoint, announce, end_endpoint, shown_secret
from tests import factories

NOW = factories.NOW


class Program:
    """A program on loopback that notes what it is told and answers as it is asked to."""

    def __init__(self) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        program = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                program.calls.append((dict(self.headers.items()), body))
                self.send_response(program.status)
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/told?by=us"


@pytest.fixture
def program() -> Iterator[Program]:
    program = Program()
    thread = threading.Thread(target=program.server.serve_forever)
    thread.start()
    yield program
    program.server.shutdown()
    thread.join()
    program.server.server_close()


@pytest.fixture
def carrier(session: Session) -> WebhookCarrier:
    carrier = WebhookCarrier(find_secret, lambda: NOW, own_network=True)
    use_carriers({Channel.WEBHOOK: carrier})
    return carrier


def endpoint_of(account: Account, url: str, *kinds: str) -> WebhookEndpoint:
    with transaction():
        return add_endpoint(account, url, kinds or ("order.placed",), own_network=True, actor="test", now=NOW)


def letter(endpoint: WebhookEndpoint, url: str) -> Letter:
    return Letter("m1", "webhook", url, "order.placed", "{}", None, NOW, {"endpoint": endpoint.public_id})


def test_a_call_carries_the_signature_that_every_library_of_the_standard_checks(
    program: Program, carrier: WebhookCarrier
) -> None:
    endpoint = endpoint_of(factories.account(), program.url)
    with transaction():
        assert announce("order.placed", [endpoint.account_id], {"order": "abc", "total_fen": 100}, now=NOW) == 1
    assert deliver_due((Channel.WEBHOOK,), now=lambda: NOW) == 1
    ((headers, body),) = program.calls
    message = db.session.scalars(select(OutgoingMessage)).one()
    assert headers["webhook-id"] == message.public_id
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    # Written from the standard's text and not with our own function.
    key = base64.b64decode(shown_secret(endpoint).removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert json.loads(body) == {
        "type": "order.placed",
        "timestamp": NOW.isoformat(),
        "data": {"order": "abc", "total_fen": 100},
    }


@pytest.mark.parametrize("status", [301, 400, 404, 500, 503])
def test_an_answer_that_is_no_yes_is_tried_again_later_under_the_same_id(
    program: Program, carrier: WebhookCarrier, status: int
) -> None:
    endpoint = endpoint_of(factories.account(), program.url)
    with transaction():
        announce("order.placed", [endpoint.account_id], {}, now=NOW)
    program.status = status
    assert deliver_due((Channel.WEBHOOK,), now=lambda: NOW) == 0
    message = db.session.scalars(select(OutgoingMessage)).one()
    assert (message.attempts, message.failed_at, message.last_error) == (1, None, f"the address answered {status}")
    assert message.next_attempt_at == NOW + timedelta(minutes=1)
    program.status = 200
    assert deliver_due((Channel.WEBHOOK,), now=lambda: NOW + timedelta(minutes=1)) == 1
    assert [headers["webhook-id"] for headers, _ in program.calls] == [message.public_id] * 2


def test_an_address_that_says_it_is_gone_is_not_called_for_this_again(program: Program, carrier: WebhookCarrier) -> None:
    endpoint = endpoint_of(factories.account(), program.url)
    program.status = 410
    with pytest.raises(NotDelivered) as refused:
        carrier.deliver(letter(endpoint, program.url))
    assert refused.value.permanent


def test_an_address_that_was_taken_back_is_not_told_what_was_waiting(program: Program, carrier: WebhookCarrier) -> None:
    endpoint = endpoint_of(factories.account(), program.url)
    with transaction():
        announce("order.placed", [endpoint.account_id], {}, now=NOW)
    with transaction():
        end_endpoint(endpoint, actor="test", now=NOW)
    assert deliver_due((Channel.WEBHOOK,), now=lambda: NOW) == 0
    assert program.calls == []
    assert db.session.scalars(select(OutgoingMessage)).one().failed_at == NOW


def test_an_address_that_does_not_answer_at_all_is_a_failure_with_a_reason(carrier: WebhookCarrier) -> None:
    endpoint = endpoint_of(factories.account(), "http://127.0.0.1:9/")
    with pytest.raises(NotDelivered, match="could not be called") as refused:
        carrier.deliver(letter(endpoint, endpoint.url))
    assert not refused.value.permanent


def test_an_address_that_answers_a_letter_at_a_time_has_no_longer_than_others(
    carrier: WebhookCarrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "TIMEOUT_S", 0.2)
    gone = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def dribble() -> None:
        caller, _ = server.accept()
        with caller:
            # Each letter comes well within the time; all of them never do.
            while not gone.wait(0.05):
                try:
                    caller.sendall(b"H")
                except OSError:
                    return

    thread = threading.Thread(target=dribble)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(NotDelivered, match=r"took too long|timed out"):
            carrier.deliver(letter(endpoint_of(factories.account(), url), url))
    finally:
        gone.set()
        thread.join()
        server.close()


def test_an_answer_that_is_none_of_http_is_a_failure(carrier: WebhookCarrier) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def mumble() -> None:
            caller, _ = server.accept()
            with caller:
                caller.recv(65536)
                caller.sendall(b"SSH-2.0-OpenSSH\r\n")

        thread = threading.Thread(target=mumble)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(NotDelivered, match="SSH"):
            carrier.deliver(letter(endpoint_of(factories.account(), url), url))
        thread.join()


def test_a_secret_is_sealed_in_its_column(session: Session, carrier: WebhookCarrier) -> None:
    endpoint = endpoint_of(factories.account(), "https://shop.example/")
    kept = session.scalar(text("SELECT secret FROM webhook_endpoint"))
    secret = find_secret(endpoint.public_id)
    assert secret is not None and len(secret) == 32
    assert secret not in bytes(kept) and base64.b64encode(secret) not in bytes(kept)
    assert open_sealed(bytes(kept), "webhook_endpoint.secret") == base64.b64encode(secret).decode()


@pytest.mark.parametrize(
    "number",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1"),
        *("::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
    ],
)
def test_no_name_leads_into_our_own_network(monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    # One good number among them does not save the name: the next question might be answered with the other.
    answer = [(2, 1, 6, "", (found, 443)) for found in ("93.184.215.14", number)]
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_, **__: answer)
    with pytest.raises(AddressRefused):
        addresses_to_call("shop.example", 443, own_network=False)


def test_a_name_on_the_open_internet_is_called_by_the_number_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("93.184.215.14", 443))])
    assert addresses_to_call("shop.example", 443, own_network=False) == ["93.184.215.14"]


@pytest.mark.parametrize(
    "url",
    [
        *("http://shop.example/", "ftp://shop.example/", "https://", "https:///path", "shop.example", "", "https://a b/"),
        *("https://user:secret@shop.example/", "https://shop.example/#here", "https://shop.example:99999/", "https://农桥.cn/"),
        *("https://shop.example/\r\nX: y", "https://shop.example/" + "a" * 200, "javascript:alert(1)"),
    ],
)
def test_an_address_that_could_not_be_called_safely_is_not_kept(session: Session, url: str) -> None:
    with pytest.raises(Invalid):
        check_address(url, own_network=False)
    assert db.session.scalar(select(func.count(WebhookEndpoint.id))) == 0


def test_an_address_is_kept_once_and_ten_at_the_most(session: Session) -> None:
    person = factories.account()
    for number in range(10):
        endpoint_of(person, f"https://shop.example/{number}")
    with pytest.raises(Conflict, match="there already"):
        endpoint_of(person, "https://shop.example/3")
    with pytest.raises(Conflict, match="10 addresses"):
        endpoint_of(person, "https://shop.example/10")
    with pytest.raises(Invalid):
        endpoint_of(factories.account(), "https://shop.example/3", "order.eaten")


def test_somebody_elses_address_is_not_there(session: Session) -> None:
    endpoint = endpoint_of(factories.account(), "https://shop.example/")
    with pytest.raises(NotFound):
        get_endpoint(endpoint.public_id, factories.account().id)


def test_buyer_and_seller_are_told_of_their_own_orders_alone_and_of_no_person(app: Flask, session: Session) -> None:
    owner, other, buyer = factories.account(), factories.account(), factories.account(name="李小红")
    seller, neighbour = factories.producer(owner=owner), factories.producer(owner=other)
    pears, plums = factories.listing(seller, price_fen=100), factories.listing(neighbour, price_fen=200)
    kinds = ("order.placed", "order.shipped")
    for person in (owner, other, buyer):
        endpoint_of(person, f"https://shop.example/{person.public_id}", *kinds)
    basket = factories.basket(buyer, (pears, 1), (plums, 1))
    destination = Destination("李小红", "13800000000", "522636", "龙泉镇 1 号")
    with transaction():
        group = place_order(
            buyer.id, buyer.public_id, basket.public_id, destination, PaymentMethod.CASH_ON_DELIVERY, 300, now=NOW
        )
    first = next(order for order in group.orders if order.producer_id == seller.id)
    with transaction():
        ship_order(first.public_id, seller.id, actor="test", now=NOW)
    told = db.session.scalars(select(OutgoingMessage).order_by(OutgoingMessage.id)).all()
    by_person = {
        person: [
            (message.template, json.loads(message.body_text)["data"]["order"] == first.public_id)
            for message in told
            if message.recipient.endswith(person.public_id)
        ]
        for person in (owner, other, buyer)
    }
    assert by_person[owner] == [("order.placed", True), ("order.shipped", True)]
    assert by_person[other] == [("order.placed", False)]
    assert sorted(by_person[buyer]) == [("order.placed", False), ("order.placed", True), ("order.shipped", True)]
    everything = " ".join(message.body_text for message in told)
    assert not any(word in everything for word in ("李小红", "13800000000", "龙泉镇", buyer.login))


def test_what_is_rolled_back_is_told_to_nobody(session: Session) -> None:
    endpoint = endpoint_of(factories.account(), "https://shop.example/")
    with pytest.raises(RuntimeError), transaction():
        announce("order.placed", [endpoint.account_id], {}, now=datetime(2026, 6, 15, tzinfo=UTC))
        raise RuntimeError("the change fails after all")
    assert db.session.scalar(select(func.count(OutgoingMessage.id))) == 0
