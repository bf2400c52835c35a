"""What programs send and get after the sale: claims, messages, reviews."""

import re
from typing import Any

from marshmallow import fields, validate

from marketplace.orders.claim_states import ClaimKind, ClaimState, Party, ReturnState
from marketplace.orders.claims import MOST_PICTURES, MOST_WORDS
from marketplace.orders.models import Claim, OrderMessage
from marketplace.web.api.inputs import LARGEST_FEN, FenField, InputSchema, Line, Prose, Spelled, WholeField
from marketplace.web.api.schemas import OutputSchema, Quantity

_BASE64 = re.compile(r"[A-Za-z0-9+/]{4,}={0,2}")
# A picture of 12 MB, written in base64.
_LONGEST_PICTURE = 16 * 1024 * 1024 + 4


class ClaimInputSchema(InputSchema):
    """What is wrong with a line of an order. ``asked_fen`` is what is asked for; without it, ``share_bp`` of the line."""

    line = WholeField(1, 100, required=True)
    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in ClaimKind]))
    words = Prose(MOST_WORDS)
    asked_fen = FenField()
    share_bp = WholeField(1, 10_000)
    pictures = fields.List(
        Spelled(_BASE64, most=_LONGEST_PICTURE, metadata={"description": "JPEG, PNG or WebP in base64"}),
        load_default=list,
        validate=validate.Length(max=MOST_PICTURES),
    )


class ReasonSchema(InputSchema):
    """Why."""

    words = Prose(MOST_WORDS, required=True)


class OfferSchema(ReasonSchema):
    """Less than was asked for, and why."""

    amount_fen = FenField(required=True)


class ParcelSchema(InputSchema):
    """By whom goods were sent back, and under which number."""

    carrier = Line(40, required=True)
    tracking_number = Line(40, required=True)


class CheckSchema(InputSchema):
    """Whether goods that came back can be sold again."""

    sellable = fields.Boolean(required=True, truthy={True}, falsy={False})


class RulingSchema(InputSchema):
    """What goes back to the buyer, what of it the market bears, and why."""

    amount_fen = FenField(required=True)
    goodwill_fen = FenField(load_default=0)
    reason = Prose(MOST_WORDS, required=True)


class ReviewInputSchema(InputSchema):
    """Stars and words."""

    stars = WholeField(1, 5, required=True)
    words = Prose(2000)


class ReportSchema(InputSchema):
    """Why a review should not stand."""

    words = Prose(300, required=True)


class HideSchema(InputSchema):
    """Why a review is hidden."""

    reason = Prose(300, required=True)


def _fen(**kwargs: Any) -> fields.Integer:
    return fields.Integer(metadata={"minimum": 0, "maximum": LARGEST_FEN}, **kwargs)


class ClaimStepSchema(OutputSchema):
    """One step of a claim."""

    at = fields.AwareDateTime()
    party = fields.String(validate=validate.OneOf([party.value for party in Party]))
    action = fields.String()
    amount_fen = _fen(allow_none=True)
    words = fields.String()


class GoodsReturnSchema(OutputSchema):
    """Goods on their way back."""

    state = fields.String(validate=validate.OneOf([state.value for state in ReturnState]))
    quantity = Quantity()
    carrier = fields.String()
    tracking_number = fields.String()
    sellable = fields.Boolean(allow_none=True)


class ClaimSchema(OutputSchema):
    """A claim; ``answer_by`` is until when whoever has the next word may take it."""

    public_id = fields.String()
    order = fields.String()
    line = fields.Integer(metadata={"description": "The number of the line in its order, from one"})
    kind = fields.String(validate=validate.OneOf([kind.value for kind in ClaimKind]))
    state = fields.String(validate=validate.OneOf([state.value for state in ClaimState]))
    words = fields.String()
    asked_fen = _fen()
    offered_fen = _fen(allow_none=True)
    ruled_fen = _fen(allow_none=True)
    goodwill_fen = _fen()
    settled_fen = _fen()
    filed_at = fields.AwareDateTime()
    answer_by = fields.AwareDateTime(allow_none=True)
    ended_at = fields.AwareDateTime(allow_none=True)
    goods_return = fields.Nested(GoodsReturnSchema, allow_none=True)
    pictures = fields.List(fields.String())
    steps = fields.List(fields.Nested(ClaimStepSchema))


class ClaimsSchema(OutputSchema):
    """Claims, newest first; the operator's queue by its clock."""

    items = fields.List(fields.Nested(ClaimSchema))


class MessageSchema(OutputSchema):
    """A message on an order, with ways to reach somebody outside taken out."""

    public_id = fields.String()
    sent_by = fields.String(validate=validate.OneOf([Party.BUYER.value, Party.SELLER.value]))
    words = fields.String()
    at = fields.AwareDateTime()
    read_at = fields.AwareDateTime(allow_none=True)


class MessagesSchema(OutputSchema):
    """The messages on an order, oldest first."""

    items = fields.List(fields.Nested(MessageSchema))


class ReviewSchema(OutputSchema):
    """A review as everybody reads it."""

    public_id = fields.String()
    author = fields.String(metadata={"description": "One letter of a name"})
    stars = fields.Integer()
    words = fields.String()
    written_at = fields.AwareDateTime()
    changed_at = fields.AwareDateTime(allow_none=True)
    reply = fields.String()
    replied_at = fields.AwareDateTime(allow_none=True)


class ReviewsSchema(OutputSchema):
    """The newest reviews of a listing, and mean and number of all of them."""

    count = fields.Integer()
    mean = fields.Float(allow_none=True)
    items = fields.List(fields.Nested(ReviewSchema))


def claim_fields(claim: Claim) -> dict[str, Any]:
    """A claim as ``ClaimSchema`` reads it."""
    names = ("public_id", "kind", "state", "words", "asked_fen", "offered_fen", "ruled_fen", "goodwill_fen", "settled_fen")
    moments = ("filed_at", "answer_by", "ended_at", "goods_return", "steps")
    return {
        **{name: getattr(claim, name) for name in (*names, *moments)},
        "order": claim.order.public_id,
        "line": [line.id for line in claim.order.lines].index(claim.order_line_id) + 1,
        "pictures": [picture.public_id for picture in claim.pictures],
    }


def message_fields(messages: list[OrderMessage]) -> dict[str, Any]:
    """Messages as ``MessagesSchema`` reads them."""
    return {"items": messages}
