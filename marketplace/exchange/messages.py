"""Taking in what departments send: who it is, whether it is theirs, and whether it came before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from marketplace.exchange.codes import Fault, MessageRefused, Reason
from marketplace.exchange.envelope import VERSION, check_signature, digest, is_text, read_moment, stamp
from marketplace.exchange.models import ExchangeMessage, ExchangePartner, PartnerKind
from marketplace.exchange.queries import find_partner, own_id
from marketplace.identity.models import Account
from marketplace.kernel import ids
from marketplace.kernel.db import db

MOST_REQUESTS = 50
_OLDEST = timedelta(days=1)
_AHEAD = timedelta(minutes=5)


@dataclass(frozen=True)
class Taken:
    """A message that was taken in, from whom, and whether this is the first time."""

    message: ExchangeMessage
    partner: ExchangePartner
    first_time: bool


def take_in(
    envelope: Mapping[str, Any], action: str, requests: int, *, by: Account | None, kind: PartnerKind, now: datetime
) -> ExchangePartner:
    """The partner that a message is from, once everything about the message is as it should be.

    Raises
    ------
    MessageRefused
        With the standard's code.
    """
    header = envelope["header"]
    if header.get("version", VERSION) != VERSION:
        raise MessageRefused(Fault.VERSION, f"this is version {VERSION}")
    if header.get("is_msg_encrypted"):
        raise MessageRefused(Fault.ENCRYPTION, "messages are not encrypted here; the connection is")
    partner = find_partner(header["sender_id"], kind)
    if partner is None or (by is not None and partner.account_id != by.id):
        raise MessageRefused(Fault.SENDER, "this sender is not known, or not to this account")
    if header.get("receiver_id") not in (None, own_id()):
        raise MessageRefused(Fault.RECEIVER, f"this is {own_id()}")
    uri = header.get("sender_uri")
    if uri and not (partner.url and uri.startswith(partner.url)):
        raise MessageRefused(Fault.SENDER_URI, "answers go to the address that was agreed on")
    check_signature(envelope, partner.sender_id, partner.public_key, now=now)
    if header["action"] != action:
        raise MessageRefused(Reason.ACTION, f"the action here is {action}")
    moment = read_moment(header["message_ts"])
    if moment is None or not now - _OLDEST <= moment <= now + _AHEAD:
        raise MessageRefused(Reason.MESSAGE_TIME, "message_ts must have a zone and be of the last day")
    if requests > MOST_REQUESTS:
        raise MessageRefused(Reason.COUNT_LIMIT, f"a message has at most {MOST_REQUESTS} requests")
    if header["total_count"] != requests:
        raise MessageRefused(Reason.COUNT, f"there are {requests} requests")
    return partner


def keep_message(partner: ExchangePartner, envelope: Mapping[str, Any], *, now: datetime) -> Taken:
    """Keep that a message came, once: the same one again is the one that is there.

    Raises
    ------
    MessageRefused
        ``rjct.message_id.duplicate`` for another message under the same id.
    """
    header, digested = envelope["header"], digest(envelope["header"], envelope["message"])
    made = db.session.scalar(
        insert(ExchangeMessage)
        .values(
            partner_id=partner.id,
            message_id=header["message_id"],
            action=header["action"],
            transaction_id=envelope["message"]["transaction_id"],
            correlation_id=ids.public_id(),
            digest=digested,
            received_at=now,
            outcome=[],
        )
        .on_conflict_do_nothing(index_elements=["partner_id", "message_id"])
        .returning(ExchangeMessage.id)
    )
    query = select(ExchangeMessage).filter_by(partner_id=partner.id, message_id=header["message_id"])
    message = db.session.scalars(query.execution_options(populate_existing=True)).one()
    if bytes(message.digest) != digested:
        raise MessageRefused(Reason.MESSAGE_DUPLICATE, "another message came under this id")
    return Taken(message, partner, made is not None)


def outcome_of(answers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What became of each request, without what was found."""
    kept = ("reference_id", "timestamp", "status", "status_reason_code", "status_reason_message")
    return [{name: answer[name] for name in kept if name in answer} for answer in answers]


def answer_header(action: str, partner: ExchangePartner, statuses: Sequence[str], *, now: datetime) -> dict[str, Any]:
    """The header of an answer to a partner."""
    return {
        "version": VERSION,
        "message_id": ids.public_id(),
        "message_ts": stamp(now),
        "action": action,
        # Rejected as a whole only when nothing in it succeeded.
        "status": "rjct" if statuses and all(status == "rjct" for status in statuses) else "succ",
        "total_count": len(statuses),
        "completed_count": len(statuses),
        "sender_id": own_id(),
        "receiver_id": partner.sender_id,
        "is_msg_encrypted": False,
    }


def status_of(partner: ExchangePartner, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What became of the requests that a partner asks after: by transaction, by correlation id, or by their references."""
    kind, value = asked["attribute_type"], asked["attribute_value"]
    query = select(ExchangeMessage).filter_by(partner_id=partner.id, action=asked["txn_type"]).order_by(ExchangeMessage.id)
    if kind == "reference_id_list":
        wanted = [one for one in (value if isinstance(value, list) else [value]) if is_text(one)]
        found = db.session.scalars(query.order_by(None).order_by(ExchangeMessage.id.desc()).limit(1000)).all()
        return [one for message in found for one in message.outcome if one["reference_id"] in wanted]
    column = {"transaction_id": ExchangeMessage.transaction_id, "correlation_id": ExchangeMessage.correlation_id}[kind]
    if not is_text(value):
        return []
    return [one for message in db.session.scalars(query.where(column == value)) for one in message.outcome]
