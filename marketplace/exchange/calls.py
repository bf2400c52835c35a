"""Calling partners: answers and notices are kept sealed until they have arrived, and are signed each time they leave."""

import http.client
import json
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select

from marketplace.exchange.envelope import canonical, sealed_envelope
from marketplace.exchange.models import ExchangeCall, ExchangePartner
from marketplace.exchange.queries import own_id
from marketplace.kernel.db import db, transaction
from marketplace.kernel.steps import step
from marketplace.webhooks.addresses import AddressRefused
from marketplace.webhooks.calling import connect

TIMEOUT_S = 20
MOST_ANSWER = 1 << 20
# After so many attempts, with pauses that double up to a quarter of an hour: two days.
MOST_ATTEMPTS = 200
_LONGEST_PAUSE_S = 900
_A_ROUND = 50

# Sends a body to an address; answers status and body. Raises ``NotReached``.
Caller = Callable[[str, bytes], tuple[int, bytes]]


class NotReached(RuntimeError):
    """The other side could not be reached."""


class _InUse:
    """How this process calls."""

    caller: Caller | None = None


def use_caller(caller: Caller | None) -> None:
    """Say how partners are called."""
    _InUse.caller = caller


def call(url: str, envelope: Mapping[str, Any]) -> tuple[int, bytes]:
    """Send an envelope; answers status and body.

    Raises
    ------
    NotReached
        When nothing came back.
    """
    if _InUse.caller is None:
        raise NotReached("this process calls nobody")
    return _InUse.caller(url, json.dumps(envelope, ensure_ascii=False).encode())


def http_caller(*, own_network: bool) -> Caller:
    """Calls over HTTP, to addresses on the open internet alone unless those of one's own network are allowed."""

    def send(url: str, body: bytes) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json", "User-Agent": "Nongqiao-Exchange/1"}
        try:
            connection, target = connect(url, own_network=own_network, timeout_s=TIMEOUT_S)
            try:
                connection.request("POST", target, body=body, headers=headers)
                answer = connection.getresponse()
                return answer.status, answer.read(MOST_ANSWER)
            finally:
                connection.close()
        except (OSError, ssl.SSLError, http.client.HTTPException, AddressRefused) as error:
            raise NotReached(str(error)) from error

    return send


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many failures in a row.

    >>> [pause_after(attempts).total_seconds() for attempts in (1, 2, 5, 9)]
    [5.0, 10.0, 80.0, 900.0]
    """
    return timedelta(seconds=min(_LONGEST_PAUSE_S, 5 * 2 ** min(attempts - 1, 20)))


def queue_call(partner: ExchangePartner, action: str, header: Mapping[str, Any], message: Any, *, now: datetime) -> None:
    """Have a partner called, in the transaction that has the reason; a partner without an address is not."""
    if partner.url:
        body = canonical({"header": header, "message": message})
        db.session.add(ExchangeCall(partner_id=partner.id, action=action, body=body, created_at=now, next_try_at=now))
        db.session.flush()


def take_out_calls(*, now: datetime) -> int:
    """Call whoever is to be called by now; answers how many calls arrived.

    Opens transactions of its own, none while it calls.
    """
    due = (
        select(ExchangeCall.id)
        .join(ExchangePartner, ExchangePartner.id == ExchangeCall.partner_id)
        # One that is suspended is called again once it is resumed; what waits for one that was ended goes, suspended or not.
        .where(or_(ExchangePartner.suspended_at.is_(None), ExchangePartner.ended_at.is_not(None)))
        .where(ExchangeCall.body.is_not(None), ExchangeCall.next_try_at <= now)
        .order_by(ExchangeCall.next_try_at, ExchangeCall.id)
        .limit(_A_ROUND)
    )
    with transaction():
        waiting = list(db.session.scalars(due))
    return sum(_take_out(call_id, now=now) for call_id in waiting)


def _take_out(call_id: int, *, now: datetime) -> bool:
    with transaction():
        kept = db.session.get_one(ExchangeCall, call_id)
        partner = db.session.get_one(ExchangePartner, kept.partner_id)
        url, action, body, ended = partner.url, kept.action, kept.body, partner.ended_at is not None
        # It may have been suspended since the round began.
        suspended = partner.suspended_at is not None and not ended
    if body is None or suspended:
        return False
    error = "the partner has left"
    if not ended:
        error = _attempt(f"{url}/registry/{action.replace('txn-on-status', 'txn/on-status')}", body, now=now)
        step("exchange.called")
    with transaction():
        kept = db.session.get_one(ExchangeCall, call_id, with_for_update=True)
        kept.attempts += 1
        if not error:
            kept.arrived_at, kept.body, kept.last_error = now, None, None
        elif ended or kept.attempts >= MOST_ATTEMPTS:
            kept.given_up_at, kept.body, kept.last_error = now, None, error[:200]
        else:
            kept.next_try_at, kept.last_error = now + pause_after(kept.attempts), error[:200]
        step("exchange.call_settled")
    return not error


def _attempt(url: str, body: str, *, now: datetime) -> str:
    """Call once; answers what went wrong, nothing when it arrived."""
    said = json.loads(body)
    try:
        status, _ = call(url, sealed_envelope(said["header"], said["message"], sender_id=own_id(), now=now))
    except NotReached as error:
        return str(error) or "nothing came back"
    return "" if 200 <= status < 300 else f"the partner answered {status}"
