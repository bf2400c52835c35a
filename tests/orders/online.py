"""An online purchase as its buyer's browser makes it, with the double on the other side."""

from typing import Any

from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.ledger.queries import trial_balance
from marketplace.orders.models import Order, OrderGroup
from marketplace.payments.models import Payment
from tests.payments.double import Double
from tests.web.conftest import Browser
from tests.web.shop_world import ADDRESS, ShopWorld

RETURN = "/orders/{}/paid"


class Purchase:
    """Two boxes of apples (25.00) and five jin of greens (15.00), bought online; the double has the page."""

    def __init__(self, browser: Browser, world: ShopWorld, double: Double) -> None:
        self.browser, self.world, self.double = browser, world, double
        basket = world.basket((world.apples, 2), (world.greens, 5))
        form = {"basket": basket.public_id, "expected_total_fen": 4000, **ADDRESS, "payment_method": "online"}
        answer = browser.post("/checkout", form, sent_from="/checkout")
        self.id = db.session.scalars(select(OrderGroup.public_id)).one()
        self.page = double.sessions()[-1]
        assert (answer.status_code, answer.location) == (303, self.page["url"])

    @property
    def payment(self) -> Payment:
        db.session.expire_all()
        return db.session.scalars(select(Payment)).one()

    @property
    def orders(self) -> list[Order]:
        """The apples' part, then the greens'."""
        return list(db.session.scalars(select(Order).order_by(Order.total_fen.desc())))

    def come_back(self) -> str:
        """The browser returns from the pay page; answers the order page."""
        answer = self.browser.get(RETURN.format(self.id))
        assert (answer.status_code, answer.location) == (303, f"/orders/{self.id}")
        return self.text()

    def text(self) -> str:
        """The order page."""
        return self.browser.get(f"/orders/{self.id}").text

    def deliver(self, times: int = 1, messages: list[tuple[bytes, str]] | None = None) -> list[int]:
        """Deliver messages, the new ones unless others are given; answers the statuses."""
        told = self.double.new_messages() if messages is None else messages
        return [hook(self.browser, *message).status_code for message in told for _ in range(times)]

    def paid(self) -> "Purchase":
        """Pay and have the message delivered."""
        self.double.pay(self.page["id"])
        assert set(self.deliver()) == {204}
        assert self.payment.state == "paid"
        return self


def hook(browser: Browser, body: bytes, signature: str) -> Any:
    browser._begin()
    headers = {"Stripe-Signature": signature, "Content-Type": "application/json"}
    return browser.client.post("/hooks/stripe", data=body, headers=headers)


def count(table: Any, **which: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table).filter_by(**which)) or 0


def balances() -> dict[str, int]:
    """The house's own accounts; whatever is in a producer's is counted as one."""
    kept = {code: fen for code, fen in trial_balance() if fen and not code.startswith("producer:")}
    producers = sum(fen for code, fen in trial_balance() if code.startswith("producer:"))
    assert sum(kept.values()) + producers == 0
    return {**kept, **({"producers": producers} if producers else {})}
