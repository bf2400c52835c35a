"""What the double does: open, pay, decline, expire, refund, transfer; each a piece of work with the messages it sends."""

import json
from collections.abc import Callable
from typing import Any

from marketplace.demo.stripe_double import objects
from marketplace.demo.stripe_double.store import Store

_SESSION_PARAMS = {
    *("mode", "client_reference_id", "line_items", "payment_method_types", "payment_method_options", "payment_intent_data"),
    *("metadata", "expires_at", "success_url", "cancel_url", "locale", "expand"),
}
_SHORTEST_S, _LONGEST_S = 30 * 60, 24 * 3600
# Wallets answer a refund later, by a message; cards at once.
_WALLETS = ("alipay", "wechat_pay")


class Refused(Exception):
    """A call that is answered with an error and changes nothing."""

    def __init__(self, message: str, code: str | None = None, param: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.status = status
        self.body = objects.error("invalid_request_error", message, code, param)


class Bank:
    """The double's business over its store.

    Parameters
    ----------
    base : str
        The address at which its pages are reached.
    clock : callable
        The present moment in Unix seconds.
    deliveries : int
        How often each message is delivered.
    """

    def __init__(self, store: Store, base: str, clock: Callable[[], float], deliveries: int) -> None:
        self.store, self.base, self._clock, self._deliveries = store, base, clock, deliveries

    @property
    def now(self) -> int:
        """The present moment in whole Unix seconds."""
        return int(self._clock())

    def open_session(self, given: dict[str, Any]) -> dict[str, Any]:
        """Open a Checkout Session."""
        for name in given.keys() - _SESSION_PARAMS:
            raise Refused(f"Received unknown parameter: {name}", "parameter_unknown", name)
        if given.get("mode") != "payment" or not given.get("success_url"):
            raise Refused("Only mode=payment with a success_url is known here.", "parameter_missing", "mode")
        options = given.get("payment_method_options", {})
        if "wechat_pay" in given.get("payment_method_types", []) and "client" not in options.get("wechat_pay", {}):
            raise Refused(
                "You must provide `payment_method_options[wechat_pay][client]`.", "parameter_missing", "payment_method_options"
            )
        until = int(given.get("expires_at", self.now + _LONGEST_S)) - self.now
        if not _SHORTEST_S <= until <= _LONGEST_S:
            raise Refused(
                "The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from Checkout Session creation.",
                param="expires_at",
            )
        amount = sum(int(line["quantity"]) * _line_amount(line) for line in given.get("line_items", []))
        if amount <= 0:
            raise Refused("Give `line_items` with an amount.", "parameter_missing", "line_items")
        session = objects.session(given, amount, self.now)
        session["url"] = f"{self.base}/pay/{session['id']}"
        behind = given.get("payment_intent_data", {})
        session["_intent"] = {"metadata": behind.get("metadata", {}), "description": behind.get("description")}
        self.store.put(session)
        return session

    def session(self, session_id: str) -> dict[str, Any]:
        """A session as it stands now; one whose time is over is expired."""
        session = self.store.find("checkout.session", session_id)
        if session is None:
            raise Refused(f"No such checkout.session: '{session_id}'", "resource_missing", "session", 404)
        if session["status"] == "open":
            session["url"] = f"{self.base}/pay/{session['id']}"
            if session["expires_at"] <= self.now:
                self._expire(session)
        return session

    def expire(self, session_id: str) -> dict[str, Any]:
        """Close an open session."""
        session = self.session(session_id)
        if session["status"] != "open":
            raise Refused(f'Only Checkout Sessions with a status in ["open"] can be expired. This one is {session["status"]}.')
        self._expire(session)
        return session

    def _expire(self, session: dict[str, Any]) -> None:
        session.update(status="expired", url=None)
        self.store.put(session)
        self._tell("checkout.session.expired", session)

    def pay(self, session_id: str, method: str, *, slowly: bool = False) -> bool:
        """Pay on a session's page; False when it is not open any more. Slowly means that the bank has yet to say yes."""
        session = self.session(session_id)
        if session["status"] != "open":
            return False
        intent = self._intent_of(session)
        intent["payment_method_types"] = [method]
        session.update(status="complete", url=None, payment_intent=intent["id"])
        if slowly:
            intent["status"] = "processing"
            self.store.put(intent)
        else:
            self._take(intent)
            session["payment_status"] = "paid"
        self.store.put(session)
        if not slowly:
            self._tell("payment_intent.succeeded", intent)
        self._tell("checkout.session.completed", session)
        return True

    def decide(self, session_id: str, *, accept: bool) -> bool:
        """Have the bank say yes or no to what was paid slowly; False when there is nothing to decide."""
        session = self.session(session_id)
        intent = self.store.find("payment_intent", session["payment_intent"] or "")
        if intent is None or intent["status"] != "processing":
            return False
        if accept:
            self._take(intent)
            session["payment_status"] = "paid"
        else:
            intent["status"] = "requires_payment_method"
            self.store.put(intent)
        self.store.put(session)
        self._tell(f"checkout.session.async_payment_{'succeeded' if accept else 'failed'}", session)
        return True

    def decline(self, session_id: str) -> bool:
        """Have a try declined; the page stays open for another."""
        session = self.session(session_id)
        if session["status"] != "open":
            return False
        intent = self._intent_of(session)
        declined = {"type": "card_error", "code": "card_declined", "decline_code": "generic_decline"}
        intent["last_payment_error"] = {**declined, "message": "Your card was declined."}
        self.store.put(intent)
        self.store.put(session)
        self._tell("payment_intent.payment_failed", intent)
        return True

    def _intent_of(self, session: dict[str, Any]) -> dict[str, Any]:
        behind = session["_intent"]
        known = self.store.find("payment_intent", behind.get("id", ""))
        if known is not None:
            return known
        intent = objects.intent(session["amount_total"], behind["metadata"], behind["description"], self.now)
        behind["id"] = intent["id"]
        return intent

    def _take(self, intent: dict[str, Any]) -> None:
        intent.update(status="succeeded", amount_received=intent["amount"], latest_charge=objects.new_id("ch"))
        intent["last_payment_error"] = None
        self.store.put(intent)

    def intent(self, intent_id: str) -> dict[str, Any]:
        """A payment intent."""
        intent = self.store.find("payment_intent", intent_id)
        if intent is None:
            raise Refused(f"No such payment_intent: '{intent_id}'", "resource_missing", "intent", 404)
        return intent

    def refund(self, given: dict[str, Any]) -> dict[str, Any]:
        """Give back part of what an intent took."""
        intent = self.intent(given.get("payment_intent", ""))
        back = sum(row["amount"] for row in self.refunds_of(intent["id"]) if row["status"] != "failed")
        left = intent["amount_received"] - back
        amount = int(given.get("amount", left))
        if left <= 0:
            raise Refused("This charge has already been refunded or was never taken.", "charge_already_refunded")
        if not 0 < amount <= left:
            raise Refused(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param="amount")
        wallet = intent["payment_method_types"][0] in _WALLETS
        refund = objects.refund(intent, amount, given, "pending" if wallet else "succeeded", self.now)
        self.store.put(refund)
        self._tell("refund.created", refund)
        if wallet:
            # Answered as pending; the message that it has arrived follows.
            done = {**refund, "status": "succeeded"}
            self.store.put(done)
            self._tell("refund.updated", done)
        return refund

    def fail_refund(self, refund_id: str) -> None:
        """Have the buyer's bank send a refund back."""
        refund = self.found_refund(refund_id)
        refund.update(status="failed", failure_reason="declined")
        self.store.put(refund)
        self._tell("refund.failed", refund)

    def found_refund(self, refund_id: str) -> dict[str, Any]:
        """A refund."""
        refund = self.store.find("refund", refund_id)
        if refund is None:
            raise Refused(f"No such refund: '{refund_id}'", "resource_missing", "refund", 404)
        return refund

    def refunds_of(self, intent_id: str) -> list[dict[str, Any]]:
        """What was given back of an intent."""
        return [row for row in self.store.all("refund") if row["payment_intent"] == intent_id]

    def transfer(self, given: dict[str, Any]) -> dict[str, Any]:
        """Transfer to a connected account."""
        if int(given.get("amount", 0)) <= 0 or not given.get("currency") or not given.get("destination"):
            raise Refused("A transfer needs amount, currency and destination.", "parameter_missing", "amount")
        if not str(given["destination"]).startswith("acct_"):
            raise Refused(f"No such destination: '{given['destination']}'", "resource_missing", "destination")
        transfer = objects.transfer(given, self.now)
        self.store.put(transfer)
        return transfer

    def transfers_of(self, group: str) -> list[dict[str, Any]]:
        """The transfers of a group."""
        return [row for row in self.store.all("transfer") if row["transfer_group"] == group]

    def taken(self) -> dict[str, int]:
        """By the metadata's ``payment``: what was taken less what was given back, in fen; what was never taken is absent."""
        sums: dict[str, int] = {}
        for intent in self.store.all("payment_intent"):
            if intent["amount_received"]:
                name = intent["metadata"].get("payment", intent["id"])
                back = sum(row["amount"] for row in self.refunds_of(intent["id"]) if row["status"] != "failed")
                sums[name] = sums.get(name, 0) + intent["amount_received"] - back
        return sums

    def _tell(self, kind: str, thing: dict[str, Any]) -> None:
        event = objects.event(kind, shown(thing), self.now)
        self.store.put(event)
        self.store.queue(json.dumps(event), self._clock(), self._deliveries)


def shown(thing: dict[str, Any]) -> dict[str, Any]:
    """A thing without what only the double knows of it."""
    return {name: value for name, value in thing.items() if not name.startswith("_")}


def _line_amount(line: dict[str, Any]) -> int:
    price = line["price_data"]
    if price["currency"] != "cny":
        raise Refused("Only CNY is known here.", param="line_items[0][price_data][currency]")
    return int(price["unit_amount"])
