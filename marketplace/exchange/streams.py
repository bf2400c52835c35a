"""The stream of events upwards: collecting, delivering and, at the level above, receiving and signing for them.

Both sides number the events and keep the peaks of a Merkle tree (RFC 6962) over them, O(log n) hashes from which its root
follows. The level above answers each delivery with a receipt over its own count and root; only a receipt moves the sender on.
So whatever is lost on the way, a delivery or its receipt, is sent again and known again, and the two sides end with equal
counts and roots.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from marketplace.exchange.calls import NotReached, call, pause_after
from marketplace.exchange.envelope import VERSION, canonical, read_moment, sealed_envelope, stamp
from marketplace.exchange.messages import take_in
from marketplace.exchange.models import (
    DeliveryReceipt,
    DownwardEvent,
    EventStream,
    ExchangePartner,
    PartnerKind,
    UpwardEvent,
)
from marketplace.exchange.queries import find_above, own_id
from marketplace.kernel import ids
from marketplace.kernel.bulk import copy_rows
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Conflict
from marketplace.kernel.signing import is_signed, sign
from marketplace.kernel.steps import step
from marketplace.registry.models import Household, HouseholdStatus, RegistryRevision
from marketplace.transparency.merkle import cover, fold, grown, leaf_hash
from marketplace.transparency.models import TreeHead

A_DELIVERY = 500
_STREAM_LOCK = 5_226_43
_COLLECTED = 10_000


def grown_peaks(size: int, peaks: Sequence[bytes], bodies: Iterable[str]) -> list[bytes]:
    """The peaks of a tree of ``size`` leaves once more were added; their ``fold`` is its root.

    >>> from marketplace.transparency.merkle import root_of
    >>> words = [str(number) for number in range(11)]
    >>> fold(grown_peaks(5, grown_peaks(0, [], words[:5]), words[5:])) == root_of([leaf_hash(word.encode()) for word in words])
    True
    """
    hashes = [leaf_hash(body.encode()) for body in bodies]
    nodes = dict(zip(cover(0, size), peaks, strict=True))
    nodes |= {(level, place): own for level, place, own in grown(size, hashes, nodes)}
    return [nodes[node] for node in cover(0, size + len(hashes))]


def queue_events(events: Iterable[tuple[str, Mapping[str, Any]]], *, now: datetime) -> int:
    """Add events, each with the row it comes from, in their order; answers how many. What was told once is left out."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _STREAM_LOCK})
    size = db.session.scalar(select(func.coalesce(func.max(UpwardEvent.position) + 1, 0))) or 0
    given = dict(events)
    known = set(db.session.scalars(select(UpwardEvent.origin).where(UpwardEvent.origin.in_(given))))
    fresh = [(origin, canonical(body)) for origin, body in given.items() if origin not in known]
    rows = ((size + at, origin, body, now) for at, (origin, body) in enumerate(fresh))
    queued = copy_rows(UpwardEvent, ["position", "origin", "body", "at"], rows)
    step("exchange.queued")
    return queued


def collect_events(*, now: datetime) -> int:
    """Queue every change of status and every signed head that was not told yet; answers how many.

    Nothing is queued without a level above.
    """
    if find_above() is None:
        return 0
    return queue_events([*_statuses(ended=False), *_statuses(ended=True), *_heads()], now=now)


def _statuses(*, ended: bool) -> Iterable[tuple[str, dict[str, Any]]]:
    word = "ended" if ended else "begun"
    origin = func.concat("status:", HouseholdStatus.id, f":{word}")
    query = (
        select(origin, Household.code, HouseholdStatus.category, HouseholdStatus.days, RegistryRevision.at)
        .join(Household, Household.id == HouseholdStatus.household_id)
        .join(RegistryRevision, RegistryRevision.id == HouseholdStatus.revision_id)
        .where(~select(UpwardEvent.origin).where(UpwardEvent.origin == origin).exists())
        .order_by(HouseholdStatus.id)
        .limit(_COLLECTED)
    )
    if ended:
        query = query.where(~func.upper_inf(HouseholdStatus.days))
    for name, code, category, days, at in db.session.execute(query):
        body = {"kind": f"status_{word}", "household": code, "category": category, "decided_at": stamp(at)}
        day = days.upper if ended else days.lower
        yield name, body | {"from" if not ended else "before": day.isoformat()}


def _heads() -> Iterable[tuple[str, dict[str, Any]]]:
    """Whoever holds them above can tell, for good, whether the log below was written anew."""
    origin = func.concat("head:", TreeHead.id)
    query = select(origin, TreeHead).where(~select(UpwardEvent.origin).where(UpwardEvent.origin == origin).exists())
    for name, head in db.session.execute(query.order_by(TreeHead.id).limit(_COLLECTED)):
        yield name, {"kind": "log_head", "day": head.day.isoformat(), "size": head.size, "root": head.root.hex()}


def receipt_text(sender: str, receiver: str, size: int, root: bytes, at: datetime) -> str:
    """What the level above signs."""
    return f"nongqiao delivery receipt 1\nfrom {sender}\nto {receiver}\nsize {size}\nroot {root.hex()}\nat {stamp(at)}\n"


# ---- below: delivering


def deliver_upwards(*, now: datetime) -> int:
    """Take events to the level above, in order, until none waits or one delivery fails; answers how many arrived.

    Opens transactions of its own, none while it calls.
    """
    arrived = 0
    while (made := _next_delivery(now=now)) is not None:
        partner_id, url, size, envelope = made
        outcome = _attempt(url, envelope)
        step("exchange.delivered")
        with transaction():
            stream = db.session.get_one(EventStream, partner_id, with_for_update=True)
            if isinstance(outcome, str):
                stream.attempts += 1
                stream.last_error = outcome[:200]
                stream.next_try_at = now + pause_after(stream.attempts)
                break
            arrived += _settle(stream, size, outcome, envelope, now=now)
            step("exchange.receipt_kept")
            if stream.last_error is not None:
                break
    return arrived


def _next_delivery(*, now: datetime) -> tuple[int, str, int, dict[str, Any]] | None:
    with transaction():
        above = find_above()
        if above is None:
            return None
        db.session.execute(insert(EventStream).values(partner_id=above.id).on_conflict_do_nothing())
        stream = db.session.get_one(EventStream, above.id, populate_existing=True)
        if stream.next_try_at is not None and stream.next_try_at > now:
            return None
        query = select(UpwardEvent.body).where(UpwardEvent.position >= stream.size).order_by(UpwardEvent.position)
        bodies = list(db.session.scalars(query.limit(A_DELIVERY)))
        if not bodies:
            return None
        size = stream.size + len(bodies)
        root = fold(grown_peaks(stream.size, stream.peaks, bodies))
        message = {"first": stream.size, "events": bodies, "size": size, "root": root.hex()}
        header = {
            "version": VERSION,
            "message_id": ids.public_id(),
            "message_ts": stamp(now),
            "action": "deliver",
            "sender_id": own_id(),
            "receiver_id": above.sender_id,
            "total_count": 1,
        }
        return above.id, f"{above.url}/deliveries", size, sealed_envelope(header, message, sender_id=own_id(), now=now)


def _attempt(url: str, envelope: Mapping[str, Any]) -> dict[str, Any] | str:
    """Call once; answers what the level above said, or in words what went wrong."""
    try:
        status, body = call(url, envelope)
    except NotReached as error:
        return str(error) or "nothing came back"
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if status == 200 and isinstance(said, dict):
        return said
    if status == 409 and isinstance(said, dict) and said.get("code") == "stream_gap":
        return {"gap": said.get("errors", {}).get("size")}
    return f"the level above answered {status}"


def _settle(stream: EventStream, size: int, said: Mapping[str, Any], envelope: Mapping[str, Any], *, now: datetime) -> int:
    """Move on by what a good receipt says; go back to where the level above stands when it has lost some."""
    above = db.session.get_one(ExchangePartner, stream.partner_id)
    if "gap" in said:
        behind = int(said["gap"]) if str(said["gap"]).isdecimal() else stream.size
        if behind >= stream.size:
            return _refused(stream, "the level above asks for events that are not there", now=now)
        bodies = db.session.scalars(
            select(UpwardEvent.body).where(UpwardEvent.position < behind).order_by(UpwardEvent.position)
        )
        stream.peaks, stream.size = grown_peaks(0, [], bodies), behind
        return 0
    at, root = read_moment(said.get("at")), envelope["message"]["root"]
    try:
        signature = bytes.fromhex(said["signature"])
        genuine = at is not None and said["size"] == size and said["root"] == root
    except (KeyError, TypeError, ValueError):
        genuine, signature = False, b""
    if (
        not genuine
        or at is None
        or not is_signed(
            above.public_key, receipt_text(own_id(), above.sender_id, size, bytes.fromhex(root), at).encode(), signature
        )
    ):
        return _refused(stream, "the receipt is not one for what was sent", now=now)
    arrived = size - stream.size
    stream.peaks = grown_peaks(stream.size, stream.peaks, envelope["message"]["events"])
    stream.size, stream.attempts, stream.next_try_at, stream.last_error = size, 0, None, None
    db.session.add(DeliveryReceipt(partner_id=above.id, size=size, root=bytes.fromhex(root), at=at, signature=signature))
    return arrived


def _refused(stream: EventStream, words: str, *, now: datetime) -> int:
    stream.attempts += 1
    stream.last_error, stream.next_try_at = words, now + pause_after(stream.attempts)
    return 0


# ---- above: receiving


def receive_delivery(envelope: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """Take in a delivery of a level below and sign for it; the same one again is signed for again.

    Raises
    ------
    MessageRefused
        When it is not from a level below that is known.
    Conflict
        ``stream_gap`` with ``size``, the number of events that are here, when some before these are missing; ``stream_differs``
        when what is here already, or the root, is another.
    """
    partner = take_in(envelope, "deliver", 1, by=None, kind=PartnerKind.BELOW, now=now)
    message = envelope["message"]
    db.session.execute(insert(EventStream).values(partner_id=partner.id).on_conflict_do_nothing())
    # Of two deliveries at once the second waits here and finds what the first brought.
    stream = db.session.get_one(EventStream, partner.id, with_for_update=True, populate_existing=True)
    first, bodies = int(message["first"]), message["events"]
    if first > stream.size:
        raise Conflict("stream_gap", N_("Events before these are missing here."), size=stream.size)
    held = db.session.scalars(
        select(DownwardEvent.body)
        .where(DownwardEvent.partner_id == partner.id, DownwardEvent.position.between(first, first + len(bodies) - 1))
        .order_by(DownwardEvent.position)
    ).all()
    if list(held) != bodies[: len(held)]:
        raise _differs()
    fresh = bodies[len(held) :]
    rows = ((partner.id, stream.size + at, body, now) for at, body in enumerate(fresh))
    copy_rows(DownwardEvent, ["partner_id", "position", "body", "received_at"], rows)
    stream.peaks = grown_peaks(stream.size, stream.peaks, fresh)
    stream.size += len(fresh)
    root = fold(stream.peaks)
    if stream.size != message["size"] or root.hex() != message["root"]:
        raise _differs()
    db.session.flush()
    step("exchange.received")
    at = now.replace(microsecond=0)
    signature = sign(receipt_text(partner.sender_id, own_id(), stream.size, root, at).encode())
    return {"size": stream.size, "root": root.hex(), "at": at, "signature": signature.hex()}


def _differs() -> Conflict:
    return Conflict("stream_differs", N_("These are not the events that were sent before."))
