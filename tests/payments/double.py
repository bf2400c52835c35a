"""The stand-in for Stripe inside a test: a real server on the loopback, whose messages the test delivers itself."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from marketplace.demo.stripe_double.bank import Bank
from marketplace.demo.stripe_double.messages import signature
from marketplace.demo.stripe_double.server import Server
from marketplace.payments.gateway import use_provider
from marketplace.payments.stripe_gateway import StripeGateway

KEY, SECRET = "sk_test_of_the_tests", "whsec_of_the_tests"


class Double:
    """The server, our gateway to it, and its messages. ``ahead_s`` sets its clock forward."""

    def __init__(self) -> None:
        self.ahead_s = 0.0
        self._server = Server(":memory:", KEY, lambda: time.time() + self.ahead_s)
        self.gateway = StripeGateway(KEY, SECRET, self._server.url)
        self._read = 0

    @property
    def bank(self) -> Bank:
        """What the double does, asked directly."""
        return self._server.bank

    @property
    def url(self) -> str:
        """Where it answers."""
        return self._server.url

    def sessions(self) -> list[dict[str, Any]]:
        """Every Checkout Session, oldest first, as it stands now."""
        with self.bank.store.work():
            return [self.bank.session(row["id"]) for row in self.bank.store.all("checkout.session")]

    def pay(self, session_id: str | None = None, method: str = "card", **how: bool) -> bool:
        """Pay on a page, the newest unless another is named."""
        with self.bank.store.work():
            return self.bank.pay(session_id or self.sessions()[-1]["id"], method, **how)

    def new_messages(self) -> list[tuple[bytes, str]]:
        """Bodies and signatures of the messages since the last call."""
        bodies = [body.encode() for _number, body, *_ in self.bank.store.due(time.time() + 1e9)]
        new, self._read = bodies[self._read :], len(bodies)
        return [(body, signature(body, SECRET, int(time.time()))) for body in new]

    def stop(self) -> None:
        """End the server and the connections to it."""
        self.gateway.close()
        self._server.stop()

    def start(self) -> None:
        """Answer."""
        self._server.start()


@contextmanager
def collecting_by_double() -> Iterator[Double]:
    """A double through which this process collects."""
    double = Double()
    double.start()
    use_provider(double.gateway)
    try:
        yield double
    finally:
        use_provider(None)
        double.stop()
