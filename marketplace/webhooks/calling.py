"""Calling an address: signed, within seconds, to the very machine that was checked, following nobody elsewhere.

Of the answer only the first line is read. An address that answers a letter at a time must not keep the others waiting, so the
seconds are those of the whole answer and not of each piece of it.
"""

import base64
import hashlib
import hmac
import http.client
import re
import socket
import ssl
import time
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from marketplace.kernel.outbox.carriers import Letter, NotDelivered
from marketplace.webhooks.addresses import AddressRefused, addresses_to_call

# A program that needs longer should take the event in first and work afterwards.
TIMEOUT_S = 5
_GONE = 410
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})[ \r]")
_LONGEST_STATUS_LINE = 1024


def signature(secret: bytes, message_id: str, at: datetime, body: str) -> str:
    """What stands in ``webhook-signature``: version 1 of Standard Webhooks.

    >>> from datetime import UTC
    >>> signature(b"key", "msg", datetime(2026, 1, 1, tzinfo=UTC), "{}")
    'v1,bly5dJB0HSUBMU/NJeYKDOT2gCbFDSNZceuLH0jqte8='
    """
    signed = f"{message_id}.{int(at.timestamp())}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


class WebhookCarrier:
    """Takes events to the addresses that want them.

    Parameters
    ----------
    secret_of : callable
        The secret of an endpoint by its public id; None for one that has been ended.
    clock : callable
        The moment of an attempt, which is part of what is signed.
    own_network : bool
        Whether machines of our own network may be called: for trying things out alone.
    """

    def __init__(
        self, secret_of: Callable[[str], bytes | None], clock: Callable[[], datetime], *, own_network: bool = False
    ) -> None:
        self._secret_of, self._clock, self._own_network = secret_of, clock, own_network

    def deliver(self, letter: Letter) -> None:
        """Call the address with one event; any 2xx is an answer that it has arrived."""
        secret = self._secret_of(letter.headers["endpoint"])
        if secret is None:
            raise NotDelivered("the address has been taken back by its owner", permanent=True)
        now = self._clock()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Nongqiao-Webhooks/1",
            "webhook-id": letter.public_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature(secret, letter.public_id, now, letter.body_text),
        }
        try:
            status = self._post(letter.recipient, headers, letter.body_text.encode())
        except (OSError, http.client.HTTPException, AddressRefused) as error:
            raise NotDelivered(f"the address could not be called: {error}") from error
        if not 200 <= status < 300:
            raise NotDelivered(f"the address answered {status}", permanent=status == _GONE)

    def _post(self, url: str, headers: dict[str, str], body: bytes) -> int:
        connection, target = connect(url, own_network=self._own_network, timeout_s=TIMEOUT_S)
        try:
            connection.request("POST", target, body=body, headers={"Host": urlsplit(url).netloc, **headers})
            return _status(connection.sock, time.monotonic() + TIMEOUT_S)
        finally:
            connection.close()


def connect(url: str, *, own_network: bool, timeout_s: float) -> tuple[http.client.HTTPConnection, str]:
    """A connection to the very machine that was checked, and what to ask it for.

    Raises
    ------
    AddressRefused
        When the address leads into a network of our own, and ``own_network`` does not allow it.
    """
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    numbers = addresses_to_call(host, port, own_network=own_network)
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    connection.sock = socket.create_connection((numbers[0], port), timeout=timeout_s)
    try:
        if secure:
            connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=host)
    except BaseException:
        connection.close()
        raise
    return connection, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _status(answering: socket.socket, deadline: float) -> int:
    """The status that an answer begins with, as soon as its first line is there."""
    line = b""
    while b"\n" not in line and len(line) < _LONGEST_STATUS_LINE:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("it took too long to answer")
        answering.settimeout(left_s)
        piece = answering.recv(_LONGEST_STATUS_LINE)
        if not piece:
            break
        line += piece
    found = _STATUS.match(line)
    if found is None:
        raise http.client.BadStatusLine(line[:80].decode("latin-1"))
    return int(found[1])
