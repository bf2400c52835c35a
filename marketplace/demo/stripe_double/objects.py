"""The things Stripe's calls answer with, in the fields that we read and those that Stripe never leaves out."""

import secrets
from typing import Any

_LETTERS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
API_VERSION = "2026-05-27.dahlia"


def new_id(prefix: str) -> str:
    """A name as Stripe gives them."""
    return f"{prefix}_{''.join(secrets.choice(_LETTERS) for _ in range(24))}"


def session(given: dict[str, Any], amount: int, now: int) -> dict[str, Any]:
    """An open Checkout Session."""
    return {
        "id": new_id("cs_test"),
        "object": "checkout.session",
        "amount_subtotal": amount,
        "amount_total": amount,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "cancel_url": given.get("cancel_url"),
        "client_reference_id": given.get("client_reference_id"),
        "created": now,
        "currency": "cny",
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "expires_at": int(given.get("expires_at", now + 86_400)),
        "livemode": False,
        "metadata": given.get("metadata", {}),
        "mode": "payment",
        "payment_intent": None,
        "payment_method_options": given.get("payment_method_options", {}),
        "payment_method_types": given.get("payment_method_types", ["card"]),
        "payment_status": "unpaid",
        "shipping_options": [],
        "status": "open",
        "success_url": given["success_url"],
        "url": None,
    }


def intent(amount: int, metadata: dict[str, str], description: str | None, now: int) -> dict[str, Any]:
    """A PaymentIntent that nobody has paid yet."""
    name = new_id("pi")
    return {
        "id": name,
        "object": "payment_intent",
        "amount": amount,
        "amount_received": 0,
        "capture_method": "automatic_async",
        "client_secret": f"{name}_secret_{secrets.token_hex(8)}",
        "confirmation_method": "automatic",
        "created": now,
        "currency": "cny",
        "description": description,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": metadata,
        "payment_method_types": ["card", "alipay", "wechat_pay"],
        "status": "requires_payment_method",
    }


def refund(of: dict[str, Any], amount: int, given: dict[str, Any], status: str, now: int) -> dict[str, Any]:
    """A refund of part of an intent."""
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "charge": of["latest_charge"],
        "created": now,
        "currency": "cny",
        "metadata": given.get("metadata", {}),
        "payment_intent": of["id"],
        "reason": given.get("reason"),
        "receipt_number": None,
        "status": status,
    }


def transfer(given: dict[str, Any], now: int) -> dict[str, Any]:
    """A transfer to a connected account."""
    name = new_id("tr")
    return {
        "id": name,
        "object": "transfer",
        "amount": int(given["amount"]),
        "amount_reversed": 0,
        "balance_transaction": new_id("txn"),
        "created": now,
        "currency": given["currency"],
        "description": given.get("description"),
        "destination": given["destination"],
        "livemode": False,
        "metadata": given.get("metadata", {}),
        "reversals": {"object": "list", "data": [], "has_more": False, "url": f"/v1/transfers/{name}/reversals"},
        "reversed": False,
        "source_transaction": None,
        "transfer_group": given.get("transfer_group"),
    }


def event(kind: str, thing: dict[str, Any], now: int) -> dict[str, Any]:
    """A message about a thing as it is now."""
    return {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": now,
        "data": {"object": thing},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }


def error(kind: str, message: str, code: str | None, param: str | None) -> dict[str, Any]:
    """A refusal."""
    told = {"type": kind, "message": message, "code": code, "param": param}
    return {"error": {name: value for name, value in told.items() if value is not None}}
