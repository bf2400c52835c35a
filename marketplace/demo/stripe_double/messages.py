"""Signed messages, as Stripe signs them, and their delivery."""

import hashlib
import hmac
import logging
import urllib.error
import urllib.request
from collections.abc import Callable
from threading import Event, Thread

from marketplace.demo.stripe_double.store import Store

_log = logging.getLogger("stripe_double")
_AGAIN_S = 2.0
_LONGEST_WAIT_S = 60.0


def signature(body: bytes, secret: str, at: int) -> str:
    """The header that goes with a message: the moment, and HMAC-SHA-256 of moment, point and body.

    >>> signature(b"{}", "whsec_x", 1)
    't=1,v1=36ee2f7498f0c1777d1312b2a7361947fe5ad31223be30d0c62421f4ca753401'
    """
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Postman:
    """Delivers messages to the shop until each has been taken as often as it should; one that is refused comes again later."""

    def __init__(self, store: Store, url: str, secret: str, clock: Callable[[], float]) -> None:
        self._store, self._url, self._secret, self._clock = store, url, secret, clock
        self._stop = Event()
        self._thread = Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to deliver in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Deliver no more."""
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._stop.wait(0.2):
            self.round()

    def round(self) -> None:
        """Deliver what is due, each once."""
        now = self._clock()
        for number, body, remaining, failures in self._store.due(now):
            if self._deliver(body.encode(), int(now)):
                self._store.delivered(number, remaining - 1, 0, now + _AGAIN_S)
            else:
                wait = min(_AGAIN_S * 2**failures, _LONGEST_WAIT_S)
                self._store.delivered(number, remaining, failures + 1, now + wait)

    def _deliver(self, body: bytes, now: int) -> bool:
        headers = {"Content-Type": "application/json", "Stripe-Signature": signature(body, self._secret, now)}
        request = urllib.request.Request(self._url, data=body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=15):
                return True
        except urllib.error.HTTPError as error:
            with error:
                _log.warning("the shop answered %s", error.code)
        except OSError as error:
            _log.warning("the shop does not answer: %s", error)
        return False
