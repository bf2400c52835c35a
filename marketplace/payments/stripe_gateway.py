"""Stripe, said in our words: the only file that knows it.

Amounts are fen, which is what Stripe counts CNY in. Ids of ours are idempotency keys and stand in the metadata, so that every
message names what it is about. https://docs.stripe.com/api
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import stripe

from marketplace.payments.gateway import (
    EventNotGenuine,
    PageRequest,
    PageState,
    PayoutAnswer,
    PayoutRequest,
    PayoutState,
    PayPage,
    ProviderNews,
    ProviderRefused,
    ProviderUnavailable,
    RefundAnswer,
    RefundRequest,
    RefundState,
)

CURRENCY = "cny"
METHODS = ["card", "alipay", "wechat_pay"]
_TIMEOUT_S = 15
_REFUND_STATES: dict[str | None, RefundState] = {
    "succeeded": RefundState.SUCCEEDED,
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
# An intent behind a completed page that has come back to these will bring no money.
_INTENT_OVER = ("requires_payment_method", "canceled")


class StripeGateway:
    """Collects and pays out through Stripe, or through whatever answers like it at ``base_url``."""

    name = "stripe"

    def __init__(self, api_key: str, webhook_secret: str, base_url: str | None = None) -> None:
        self._secret = webhook_secret
        self._http = stripe.RequestsClient(timeout=_TIMEOUT_S)
        bases: Any = {"api": base_url} if base_url else None
        self._client = stripe.StripeClient(api_key, base_addresses=bases, http_client=self._http, max_network_retries=1)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def open_page(self, request: PageRequest) -> PayPage:
        """Open a Checkout Session for the attempt."""
        ours = {"attempt": request.attempt, "payment": request.payment}
        line = {"currency": CURRENCY, "unit_amount": request.amount_fen, "product_data": {"name": request.title}}
        params: Any = {
            "mode": "payment",
            "client_reference_id": request.attempt,
            "line_items": [{"quantity": 1, "price_data": line}],
            "payment_method_types": METHODS,
            # Stripe shows the code to be scanned only when told that the payer sits at a browser.
            "payment_method_options": {"wechat_pay": {"client": "web"}},
            "payment_intent_data": {"description": request.title, "metadata": ours},
            "metadata": ours,
            "expires_at": int(request.expires_at.timestamp()),
            "success_url": request.return_url,
            "cancel_url": request.back_url,
        }
        with _in_our_words():
            session = self._client.v1.checkout.sessions.create(params, {"idempotency_key": f"page-{request.attempt}"})
        return _page(session.to_dict())

    def find_page(self, provider_id: str) -> PayPage:
        """The session as it stands, with the intent behind it."""
        with _in_our_words():
            session = self._client.v1.checkout.sessions.retrieve(provider_id, {"expand": ["payment_intent"]})
        return _page(session.to_dict())

    def close_page(self, provider_id: str) -> PayPage:
        """Expire the session; one that is not open any more is answered as it stands."""
        try:
            with _in_our_words():
                self._client.v1.checkout.sessions.expire(provider_id)
        except ProviderRefused:
            return self.find_page(provider_id)
        return PayPage(provider_id, PageState.EXPIRED)

    def refund(self, request: RefundRequest) -> RefundAnswer:
        """Refund part of a payment intent."""
        params: Any = {
            "payment_intent": request.charge_id,
            "amount": request.amount_fen,
            "metadata": {"refund": request.refund},
        }
        with _in_our_words():
            refund = self._client.v1.refunds.create(params, {"idempotency_key": f"refund-{request.refund}"})
        return _refund(refund.to_dict())

    def find_refund(self, provider_id: str) -> RefundAnswer:
        """The refund as it stands."""
        with _in_our_words():
            refund = self._client.v1.refunds.retrieve(provider_id)
        return _refund(refund.to_dict())

    def adopt_refund(self, request: RefundRequest) -> RefundAnswer | None:
        """The refund of the intent that carries our id in its metadata."""
        params: Any = {"payment_intent": request.charge_id, "limit": 100}
        with _in_our_words():
            for refund in self._client.v1.refunds.list(params).auto_paging_iter():
                made = refund.to_dict()
                if (made.get("metadata") or {}).get("refund") == request.refund:
                    return _refund(made)
        return None

    def pay_out(self, request: PayoutRequest) -> PayoutAnswer:
        """Transfer to a connected account."""
        params: Any = {
            "amount": request.amount_fen,
            "currency": CURRENCY,
            "destination": request.destination,
            "transfer_group": request.payout,
            "description": request.reference or request.payout,
            "metadata": {"payout": request.payout},
        }
        with _in_our_words():
            transfer = self._client.v1.transfers.create(params, {"idempotency_key": f"payout-{request.payout}"})
        return PayoutAnswer(transfer.id, PayoutState.PAID)

    def adopt_payout(self, request: PayoutRequest) -> PayoutAnswer | None:
        """The transfer of the group that carries our id; a transfer is a group of its own."""
        params: Any = {"transfer_group": request.payout, "limit": 1}
        with _in_our_words():
            made = self._client.v1.transfers.list(params).data
        return PayoutAnswer(made[0].id, PayoutState.PAID) if made else None

    def verify_event(self, body: bytes, signature: str) -> None:
        """Check the signature of the raw body, which also carries its moment."""
        try:
            self._client.construct_event(body, signature, self._secret)
        except (stripe.SignatureVerificationError, ValueError):
            raise EventNotGenuine from None

    def read_event(self, body: bytes) -> ProviderNews:
        """What an event tells of a page, a declined try or a refund; anything else is nothing to us."""
        event = json.loads(body)
        event_id, kind, thing = event["id"], event["type"], event["data"]["object"]
        ours = thing.get("metadata") or {}
        if kind.startswith("checkout.session.") and "attempt" in ours:
            page = _page(thing, failed=kind == "checkout.session.async_payment_failed")
            return ProviderNews(event_id, kind, attempt=ours["attempt"], page=page)
        if kind == "payment_intent.payment_failed" and "attempt" in ours:
            return ProviderNews(event_id, kind, attempt=ours["attempt"], declined=True)
        if kind in ("refund.created", "refund.updated", "refund.failed") and "refund" in ours:
            return ProviderNews(event_id, kind, refund=ours["refund"], refund_answer=_refund(thing))
        return ProviderNews(event_id, kind)


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Tell a no from no answer: after a no nothing was done, after the other something may have been."""
    try:
        yield
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise ProviderUnavailable(str(error)) from error
    except stripe.InvalidRequestError as error:
        raise ProviderRefused(error.code or str(error.user_message or error)) from error
    except stripe.StripeError as error:
        # A wrong key and a failure on their side are ours to mend; the purchase can wait for it.
        raise ProviderUnavailable(str(error)) from error


def _page(session: dict[str, Any], *, failed: bool = False) -> PayPage:
    intent = session.get("payment_intent")
    charge_id, intent_state = (intent["id"], intent["status"]) if isinstance(intent, dict) else (intent, None)
    paid = session["payment_status"] == "paid"
    if paid:
        state = PageState.PAID
    elif session["status"] == "open":
        state = PageState.OPEN
    elif session["status"] == "expired":
        state = PageState.EXPIRED
    else:
        state = PageState.FAILED if failed or intent_state in _INTENT_OVER else PageState.PROCESSING
    return PayPage(session["id"], state, session.get("url"), charge_id, session["amount_total"] if paid else 0)


def _refund(refund: dict[str, Any]) -> RefundAnswer:
    # The status may be missing, and new ones may come; such a refund is under way until we hear or ask again.
    return RefundAnswer(refund["id"], _REFUND_STATES.get(refund["status"], RefundState.PENDING))
