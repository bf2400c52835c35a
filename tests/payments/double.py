"""The stand-in for Stripe inside a test: a real server on the loopback, whose messages the test delivers itself."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from marketplace.demo.stripe_double.bank import Bank
from marketplace.demo.stripe_double.messages import signature
from marketplace.demo.stripe_double.server import Server
from marketplace.demo.stripe_double.store import Store
from marketplace.payments.gateway import use_payout_provider, use_provider
from marketplace.payments.stripe_gateway import StripeGateway

KEY, SECRET = "sk_test_of_the_tests", "whsec_of_the_tests"


class Double:
    """The double's business, our gateway to its server, and its messages. ``ahead_s`` sets its clock forward."""

    def __init__(self, bank: Bank, url: str) -> None:
        self.bank, self.url = bank, url
        self.ahead_s = 0.0
        self.gateway = StripeGateway(KEY, SECRET, url)
        self._read = len(self._messages())

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
        bodies = self._messages()
        new, self._read = bodies[self._read :], len(bodies)
        return [(body, signature(body, SECRET, int(time.time()))) for body in new]

    def _messages(self) -> list[bytes]:
        return [body.encode() for _number, body, *_ in self.bank.store.due(time.time() + 1e9)]


@contextmanager
def collecting_by_double(path: Path | str = ":memory:") -> Iterator[Double]:
    """A double with a server of its own, through which this process collects."""
    server = Server(path, KEY, lambda: time.time() + double.ahead_s)
    double = Double(server.bank, server.url)
    server.start()
    use_provider(double.gateway)
    use_payout_provider("stripe", double.gateway)
    try:
        yield double
    finally:
        use_provider(None)
        use_payout_provider("stripe", None)
        double.gateway.close()
        server.stop()


@contextmanager
def collecting_by_running_double(path: Path, url: str) -> Iterator[Double]:
    """The double that another process serves, over the same file."""
    store = Store(path)
    double = Double(Bank(store, url, time.time, 1), url)
    use_provider(double.gateway)
    use_payout_provider("stripe", double.gateway)
    try:
        yield double
    finally:
        use_provider(None)
        use_payout_provider("stripe", None)
        double.gateway.close()
        store.close()
