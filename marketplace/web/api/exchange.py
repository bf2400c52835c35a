"""Exchange with other offices' systems: the DCI Social Registry API 1.0.0, and deliveries of levels below.

What is spelled wrongly is answered as everywhere (422). What is well spelled and cannot be taken in is answered in the words of
the standard: a message with ``err.…``, a request in it with ``rjct.…``.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import request
from flask_smorest import Blueprint
from marshmallow import ValidationError, fields, validate

from marketplace.exchange.calls import queue_call
from marketplace.exchange.codes import Fault, MessageRefused, Reason
from marketplace.exchange.envelope import VERSION, sealed_envelope, stamp
from marketplace.exchange.messages import Taken, answer_header, keep_message, outcome_of, status_of, take_in
from marketplace.exchange.models import ExchangePartner, PartnerKind
from marketplace.exchange.queries import own_id, reach_of
from marketplace.exchange.searching import answer_requests
from marketplace.exchange.streams import A_DELIVERY, receive_delivery
from marketplace.exchange.subscriptions import subscribe as subscribe_to
from marketplace.exchange.subscriptions import unsubscribe as unsubscribe_from
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Forbidden
from marketplace.web.access import PUBLIC, account, allow
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.inputs import InputSchema, Line, Spelled, WholeField, YesNoField, read_json
from marketplace.web.api.schemas import OutputSchema

blueprint: Blueprint = ApiBlueprint(
    "api-exchange", __name__, url_prefix="/api/v1/dci", description="Exchange with other offices’ systems (DCI 1.0.0)"
)

_HASH = re.compile(r"[0-9a-f]{64}")
_LARGEST = 2**53 - 1
_MOST_LISTED = 100
_KINDS: dict[type, str] = {dict: "object", list: "array", str: "string"}


class FreeField(fields.Field[Any]):
    """JSON of some of its kinds; who reads it says what was not understood."""

    def __init__(self, *kinds: type, **kwargs: Any) -> None:
        self.kinds = kinds
        super().__init__(metadata={"type": [_KINDS[kind] for kind in kinds]}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, self.kinds):
            raise ValidationError(N_("This is not written the way it should be."))
        return value


def _object(**kwargs: Any) -> FreeField:
    return FreeField(dict, **kwargs)


class ExchangeHeaderSchema(InputSchema):
    """Who sends what to whom, and when."""

    version = Line(10, load_default=VERSION)
    message_id = Line(99, required=True)
    message_ts = Line(40, required=True, metadata={"description": "ISO 8601 with its zone"})
    action = Line(40, required=True)
    sender_id = Line(99, required=True)
    sender_uri = Line(200)
    receiver_id = Line(99)
    total_count = WholeField(0, _LARGEST, required=True)
    is_msg_encrypted = YesNoField(load_default=False)
    meta = _object()


class ExchangeEnvelopeSchema(InputSchema):
    """What every message has. The signature is over the header and the message as they were sent."""

    signature = Line(1000)
    header = fields.Nested(ExchangeHeaderSchema, required=True)


class ExchangePageSchema(InputSchema):
    """Which page of what is found."""

    page_size = WholeField(0, _LARGEST, required=True)
    page_number = WholeField(0, _LARGEST, load_default=1)


class ExchangeSortSchema(InputSchema):
    """By what to sort."""

    attribute_name = Line(40, required=True)
    sort_order = Line(4, load_default="asc")


class SearchCriteriaSchema(InputSchema):
    """What is searched for."""

    version = Line(10)
    reg_type = Line(99)
    reg_record_type = Line(99, load_default="Group")
    reg_event_type = Line(99)
    response_entity = Line(40, load_default="Group")
    query_type = Line(40, required=True)
    query = FreeField(dict, list, required=True)
    sort = fields.List(fields.Nested(ExchangeSortSchema), validate=validate.Length(max=5))
    pagination = fields.Nested(ExchangePageSchema)
    consent = _object()
    authorize = _object()


class SearchRequestSchema(InputSchema):
    """One search."""

    reference_id = Line(99, required=True)
    timestamp = Line(40, required=True)
    search_criteria = fields.Nested(SearchCriteriaSchema, required=True)
    locale = Line(3)


class SearchMessageSchema(InputSchema):
    """Searches under one transaction."""

    transaction_id = Line(99, required=True)
    search_request = fields.List(fields.Nested(SearchRequestSchema), required=True, validate=validate.Length(1, _MOST_LISTED))


class SearchEnvelopeSchema(ExchangeEnvelopeSchema):
    """A message that searches."""

    message = fields.Nested(SearchMessageSchema, required=True)


class SubscribeCriteriaSchema(InputSchema):
    """What is subscribed to."""

    version = Line(10)
    reg_type = Line(99)
    reg_event_type = Line(99, required=True)
    frequency = _object()
    filter_type = Line(40)
    filter = FreeField(dict, list, required=True)
    notify_record_type = Line(99, required=True)
    authorize = _object()


class SubscribeRequestSchema(InputSchema):
    """One subscription."""

    reference_id = Line(99, required=True)
    timestamp = Line(40, required=True)
    subscribe_criteria = fields.Nested(SubscribeCriteriaSchema, required=True)
    locale = Line(3)


class SubscribeMessageSchema(InputSchema):
    """Subscriptions under one transaction."""

    transaction_id = Line(99, required=True)
    subscribe_request = fields.List(
        fields.Nested(SubscribeRequestSchema), required=True, validate=validate.Length(1, _MOST_LISTED)
    )


class SubscribeEnvelopeSchema(ExchangeEnvelopeSchema):
    """A message that subscribes."""

    message = fields.Nested(SubscribeMessageSchema, required=True)


class UnsubscribeMessageSchema(InputSchema):
    """Which subscriptions end."""

    transaction_id = Line(99, required=True)
    timestamp = Line(40, required=True)
    subscription_codes = fields.List(Line(99), required=True, validate=validate.Length(1, _MOST_LISTED))


class UnsubscribeEnvelopeSchema(ExchangeEnvelopeSchema):
    """A message that ends subscriptions."""

    message = fields.Nested(UnsubscribeMessageSchema, required=True)


class StatusRequestSchema(InputSchema):
    """After what is asked."""

    reference_id = Line(99, required=True)
    txn_type = Line(20, required=True)
    attribute_type = fields.String(
        required=True, validate=validate.OneOf(["transaction_id", "reference_id_list", "correlation_id"])
    )
    attribute_value = FreeField(str, list, required=True)
    locale = Line(3)


class StatusMessageSchema(InputSchema):
    """A question after a transaction."""

    transaction_id = Line(99, required=True)
    txnstatus_request = fields.Nested(StatusRequestSchema, required=True)


class StatusEnvelopeSchema(ExchangeEnvelopeSchema):
    """A message that asks after a transaction."""

    message = fields.Nested(StatusMessageSchema, required=True)


class DeliveryMessageSchema(InputSchema):
    """Events of a level below: the position of the first, and the size and root of its tree after the last."""

    first = WholeField(0, _LARGEST, required=True)
    events = fields.List(Line(2000), required=True, validate=validate.Length(1, A_DELIVERY))
    size = WholeField(1, _LARGEST, required=True)
    root = Spelled(_HASH, most=64, required=True)


class DeliveryEnvelopeSchema(ExchangeEnvelopeSchema):
    """A message that delivers."""

    message = fields.Nested(DeliveryMessageSchema, required=True)


class ExchangeAnswerSchema(OutputSchema):
    """An answer in the standard's envelope, signed by us; without signature and header, why there is none (ERR)."""

    signature = fields.String(allow_none=True)
    header = fields.Dict(keys=fields.String(), allow_none=True)
    message = fields.Dict(keys=fields.String())


class ExchangeAckSchema(OutputSchema):
    """That a message was taken in (ACK), or why not (ERR)."""

    message = fields.Dict(
        keys=fields.String(),
        metadata={"description": "ack_status, timestamp, correlation_id; of ERR the error's code and message"},
    )


class DeliveryReceiptSchema(OutputSchema):
    """How much is here now, signed."""

    size = fields.Integer()
    root = fields.String(metadata={"pattern": f"^(?:{_HASH.pattern})$"})
    at = fields.AwareDateTime()
    signature = fields.String(metadata={"pattern": "^[0-9a-f]{128}$"})


def _error(code: str, words: str) -> dict[str, Any]:
    said = {
        "ack_status": "ERR",
        "timestamp": stamp(clock.now()),
        "correlation_id": "",
        "error": {"code": code, "message": words},
    }
    return {"message": said}


def _refused(error: MessageRefused) -> dict[str, Any]:
    """A refusal in the standard's words; of its reasons those for a header have no error of their own."""
    if isinstance(error.code, Fault):
        said = _error(error.code.value, error.words)
    else:
        said = _error(Fault.BAD.value, f"{error.code.value}: {error.words}")
    return {"signature": None, "header": None, **said}


Answer = dict[str, Any]
Envelope = Mapping[str, Any]
# What a kind of message is answered with: the answer's own part of the message, and what becomes of each request.
Answering = Callable[[ExchangePartner, Mapping[str, Any], datetime], tuple[dict[str, Any], Sequence[Mapping[str, Any]]]]


def _envelope() -> Envelope:
    """The message as it was sent: a signature is over that, and not over what a schema makes of it."""
    found: Envelope = read_json(request.get_data())
    return found


def _answered(action: str, answer_action: str, requests: int, answering: Answering, *, later: bool) -> Answer:
    """Take a message in and answer it, now or by a call; a message that came before is answered the same way again."""
    envelope, now = _envelope(), clock.now()
    try:
        with transaction():
            partner = take_in(envelope, action, requests, by=account(), kind=PartnerKind.DEPARTMENT, now=now)
            taken = keep_message(partner, envelope, now=now)
            if later and not taken.first_time:
                return _ack(taken, now)
            said, answers = answering(partner, envelope["message"], now)
            if taken.first_time:
                taken.message.outcome = outcome_of(answers)
            message = {
                "transaction_id": envelope["message"]["transaction_id"],
                "correlation_id": taken.message.correlation_id,
                **said,
            }
            header = answer_header(answer_action, partner, [str(one["status"]) for one in answers], now=now)
            if later:
                queue_call(partner, answer_action, header, message, now=now)
                return _ack(taken, now)
    except MessageRefused as error:
        return _refused(error)
    return sealed_envelope(header, message, sender_id=own_id(), now=now)


def _ack(taken: Taken, now: datetime) -> dict[str, Any]:
    said = {"ack_status": "ACK", "timestamp": stamp(now), "correlation_id": taken.message.correlation_id}
    # Nobody is called who has given no address: then this is the end of it.
    return {"message": said if taken.partner.url else {**said, "ack_status": "NACK"}}


def _search(partner: ExchangePartner, message: Mapping[str, Any], now: datetime) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    answers = answer_requests(message["search_request"], partner, account(), reach_of(partner, account()), now=now)
    return {"search_response": answers}, answers


def _status(partner: ExchangePartner, message: Mapping[str, Any], now: datetime) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    asked = message["txnstatus_request"]
    if asked["txn_type"] not in ("search", "subscribe"):
        raise MessageRefused(Reason.ACTION_UNSUPPORTED, "txn_type is search or subscribe")
    found = status_of(partner, asked)
    inner = {"transaction_id": message["transaction_id"], "correlation_id": "", f"{asked['txn_type']}_response": found}
    own = {"reference_id": asked["reference_id"], "timestamp": stamp(now), "status": "succ" if found else "rjct"}
    if not found:
        own |= {"status_reason_code": Reason.REFERENCE.value, "status_reason_message": "nothing of yours came under this"}
    return {"txnstatus_response": {"txn_type": asked["txn_type"], "txn_status": inner}}, [own]


@blueprint.post("/registry/sync/search")
@only(RoleKind.OFFICER)
@blueprint.arguments(SearchEnvelopeSchema)
@blueprint.response(200, ExchangeAnswerSchema)
@problems(*BODY)
def search_now(given: Envelope) -> Answer:
    """Search and be answered at once.

    By the code of a household, the number of a member's identity card, or by area, status, day and size; within the areas of
    the account, for a purpose that was agreed on. Nobody is named in the answer.
    """
    return _answered("search", "on-search", len(given["message"]["search_request"]), _search, later=False)


@blueprint.post("/registry/search")
@only(RoleKind.OFFICER)
@blueprint.arguments(SearchEnvelopeSchema)
@blueprint.response(200, ExchangeAckSchema)
@problems(*BODY)
def search_later(given: Envelope) -> Answer:
    """Search and be called with the answer, at `/registry/on-search` of the address that was agreed on."""
    return _answered("search", "on-search", len(given["message"]["search_request"]), _search, later=True)


@blueprint.post("/registry/subscribe")
@only(RoleKind.OFFICER)
@blueprint.arguments(SubscribeEnvelopeSchema)
@blueprint.response(200, ExchangeAckSchema)
@problems(*BODY)
def subscribe(given: Envelope) -> Answer:
    """Be told of registrations (`REGISTER`) in an area, at `/registry/notify`; the answer comes to `/registry/on-subscribe`."""

    def answering(partner: ExchangePartner, message: Mapping[str, Any], now: datetime) -> Any:
        answers = subscribe_to(message["subscribe_request"], partner, account(), reach_of(partner, account()), now=now)
        return {"subscribe_response": answers}, answers

    return _answered("subscribe", "on-subscribe", len(given["message"]["subscribe_request"]), answering, later=True)


@blueprint.post("/registry/unsubscribe")
@only(RoleKind.OFFICER)
@blueprint.arguments(UnsubscribeEnvelopeSchema)
@blueprint.response(200, ExchangeAckSchema)
@problems(*BODY)
def unsubscribe(given: Envelope) -> Answer:
    """End subscriptions, all of them or none; the answer comes to `/registry/on-unsubscribe`."""

    def answering(partner: ExchangePartner, message: Mapping[str, Any], now: datetime) -> Any:
        ended = unsubscribe_from(message["subscription_codes"], partner, account(), now=now)
        return ended, [{"reference_id": message["transaction_id"], **ended}]

    return _answered("unsubscribe", "on-unsubscribe", 1, answering, later=True)


@blueprint.post("/registry/sync/txn/status")
@only(RoleKind.OFFICER)
@blueprint.arguments(StatusEnvelopeSchema)
@blueprint.response(200, ExchangeAnswerSchema)
@problems(*BODY)
def status_now(given: Envelope) -> Answer:
    """What became of searches and subscriptions: each request with its status, without what was found."""
    return _answered("txn-status", "txn-on-status", 1, _status, later=False)


@blueprint.post("/registry/txn/status")
@only(RoleKind.OFFICER)
@blueprint.arguments(StatusEnvelopeSchema)
@blueprint.response(200, ExchangeAckSchema)
@problems(*BODY)
def status_later(given: Envelope) -> Answer:
    """The same, by a call to `/registry/txn/on-status`."""
    return _answered("txn-status", "txn-on-status", 1, _status, later=True)


@blueprint.post("/deliveries")
@allow(PUBLIC)
@blueprint.arguments(DeliveryEnvelopeSchema)
@blueprint.response(200, DeliveryReceiptSchema)
@problems(403, 409, *BODY)
def deliver(given: Envelope) -> Answer:
    """Take in events of a level below, in their order, and sign for them. The signature says who it is.

    The same delivery again is signed for again. `stream_gap` says how many events are here already.
    """
    now = clock.now()
    try:
        with transaction():
            return receive_delivery(_envelope(), now=now)
    except MessageRefused as error:
        words = N_("This delivery is not taken in: %(why)s.")
        raise Forbidden("delivery_refused", words, why=f"{error.code.value}: {error.words}") from error
