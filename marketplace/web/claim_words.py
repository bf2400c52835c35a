"""Claims, their steps and what is said about them, as pages show them to one of the parties."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Response, current_app, send_file, url_for
from flask_babel import gettext as _

from marketplace.kernel.errors import N_, NotFound
from marketplace.kernel.pictures import LARGEST_BYTES, Picture, picture_path, read_picture, store_picture
from marketplace.orders.claim_queries import is_overdue
from marketplace.orders.claim_states import (
    DISPUTES,
    SILENCE_AGREES_UP_TO_FEN,
    ClaimKind,
    ClaimState,
    Party,
    ReturnState,
)
from marketplace.orders.claims import CLAIM_PICTURES
from marketplace.orders.contact_masking import mask_contacts
from marketplace.orders.messages import shown_words
from marketplace.orders.models import Claim, ClaimPicture, ClaimStep, GoodsReturn, OrderMessage
from marketplace.web.filters import yuan
from marketplace.web.languages import pick
from marketplace.web.uploads import sent_files

KINDS = {
    ClaimKind.ROTTEN: (N_("It is rotten or damaged"), N_("Mould, bruises, broken, spoilt on the way")),
    ClaimKind.SHORT_WEIGHT: (N_("It is less than I paid for"), N_("Fewer pieces, or it weighs less")),
    ClaimKind.WRONG_GOODS: (N_("It is not what I ordered"), N_("Another kind, size or grade")),
    ClaimKind.NOT_ARRIVED: (N_("It has not come"), N_("The day on which it should have come is over")),
    ClaimKind.OTHER: (N_("Something else"), N_("Please say what in a few words")),
}
_CHIPS = {
    ClaimState.FILED: (N_("Waiting for the seller"), "wait"),
    ClaimState.OFFERED: (N_("The seller has made an offer"), "info"),
    ClaimState.REFUSED: (N_("The seller does not agree"), "bad"),
    ClaimState.RETURNING: (N_("The goods go back first"), "info"),
    ClaimState.DISPUTED: (N_("With the operator"), "wait"),
    ClaimState.RULED: (N_("The operator has decided"), "info"),
    ClaimState.APPEALED: (N_("With a second operator"), "wait"),
    ClaimState.SETTLED: (N_("Settled"), "good"),
    ClaimState.WITHDRAWN: (N_("Withdrawn"), "neutral"),
    ClaimState.LAPSED: (N_("Closed"), "neutral"),
}
_STEPS = {
    "file": N_("claimed"),
    "accept": N_("agreed"),
    "offer": N_("offered"),
    "refuse": N_("did not agree"),
    "ask_back": N_("asked for the goods back first"),
    "take": N_("took the offer"),
    "dispute": N_("asked the operator to decide"),
    "withdraw": N_("withdrew the claim"),
    "escalate": N_("handed it to the operator"),
    "finish": N_("gave the money back"),
    "lapse": N_("closed the claim, because nothing more was said in time"),
    "rule": N_("decided"),
    "appeal": N_("asked for a second decision"),
    "rule_again": N_("decided for good"),
    "carry_out": N_("carried the decision out"),
    "send": N_("sent the goods back"),
    "arrive": N_("has the goods back"),
    "check": N_("looked at the goods"),
}
_PARTIES = {
    Party.BUYER: N_("The buyer"),
    Party.SELLER: N_("The seller"),
    Party.OPERATOR: N_("The operator"),
    Party.CLOCK: N_("The clock"),
}
_GOODS = {
    ReturnState.AGREED: N_("To be sent by the buyer"),
    ReturnState.SENT: N_("On their way back"),
    ReturnState.ARRIVED: N_("Back with the seller"),
    ReturnState.CHECKED: N_("Looked at by the seller"),
    ReturnState.QUESTIONED: N_("Questioned; the operator decides"),
    ReturnState.GIVEN_UP: N_("Never sent"),
}
# Shares of the goods that are claimed with one tap.
SHARES_BP = (10_000, 7_500, 5_000, 2_500, 1_000)


def share_words(share_bp: int) -> str:
    """A share of the goods as people say it."""
    words = {
        10_000: _("All of it"),
        7_500: _("Three quarters"),
        5_000: _("Half of it"),
        2_500: _("A quarter"),
        1_000: _("A tenth"),
    }
    return words.get(share_bp, _("%(share)s of it", share=f"{share_bp / 100:g} %"))


def chip(claim: Claim) -> tuple[str, str]:
    """Where a claim stands, in words, and the tone of its chip."""
    words, tone = _CHIPS[ClaimState(claim.state)]
    if claim.state == ClaimState.SETTLED and not claim.settled_fen:
        return _("Closed without money"), "neutral"
    return _(words), tone


def kind_words(kind: str) -> str:
    """What is wrong, in words."""
    return str(_(KINDS[ClaimKind(kind)][0]))


def summary(claim: Claim, url: str, now: datetime) -> dict[str, Any]:
    """A claim in a list."""
    return {
        "url": url,
        "title": pick(claim.line.title_zh, claim.line.title_en),
        "kind": kind_words(claim.kind),
        "chip": chip(claim),
        "asked_fen": claim.asked_fen,
        "settled_fen": claim.settled_fen,
        "reference": claim.order.group.reference,
        "filed_at": claim.filed_at,
        "answer_by": claim.answer_by,
        "overdue": is_overdue(claim, now),
        "ended": claim.ended_at is not None,
    }


def whole(claim: Claim, now: datetime, reader: Party) -> dict[str, Any]:
    """All that the page of a claim shows to a party."""
    line, goods = claim.line, claim.goods_return
    return {
        "public_id": claim.public_id,
        "title": pick(line.title_zh, line.title_en),
        "quantity": line.quantity,
        "unit": line.unit,
        "line_fen": line.total_fen,
        "listing_id": line.listing_id,
        "kind": kind_words(claim.kind),
        "chip": chip(claim),
        "state": claim.state,
        "asked_fen": claim.asked_fen,
        "share": share_words(claim.share_bp) if claim.share_bp else None,
        "offered_fen": claim.offered_fen,
        "ruled_fen": claim.ruled_fen,
        "goodwill_fen": claim.goodwill_fen,
        "settled_fen": claim.settled_fen,
        "reference": claim.order.group.reference,
        "filed_at": claim.filed_at,
        "answer_by": claim.answer_by,
        "overdue": is_overdue(claim, now),
        "next": next_words(claim),
        "pictures": [_picture(claim, picture, at) for at, picture in enumerate(claim.pictures, 1)],
        "steps": [_step(step, reader) for step in claim.steps],
        "goods": _goods(goods) if goods is not None else None,
    }


def _picture(claim: Claim, picture: ClaimPicture, at: int) -> dict[str, Any]:
    return {
        "small": url_for("storefront.claim_picture", claim=claim.public_id, picture=picture.public_id, size=320),
        "large": url_for("storefront.claim_picture", claim=claim.public_id, picture=picture.public_id, size=1600),
        "alt": _("Photo %(number)s of what came", number=at),
        "width": picture.width,
        "height": picture.height,
    }


def _step(step: ClaimStep, reader: Party) -> dict[str, Any]:
    party = Party(step.party)
    return {
        "who": _("You") if party is reader and party is not Party.OPERATOR else _(_PARTIES[party]),
        "party": step.party,
        "what": _(_STEPS[step.action]),
        "at": step.at,
        "amount_fen": step.amount_fen,
        "words": mask_contacts(step.words),
    }


def _goods(goods: GoodsReturn) -> dict[str, Any]:
    return {
        "state": goods.state,
        "words": _(_GOODS[ReturnState(goods.state)]),
        "quantity": goods.quantity,
        "carrier": goods.carrier,
        "tracking_number": goods.tracking_number,
        "sellable": goods.sellable,
    }


def next_words(claim: Claim) -> str | None:
    """Who has the next word, and what happens without it; the rule stands where it works."""
    if claim.state == ClaimState.RETURNING:
        return _next_of_goods(claim)
    small = claim.asked_fen <= SILENCE_AGREES_UP_TO_FEN
    words = {
        ClaimState.FILED: _("The seller has 48 hours to answer. Without an answer the buyer gets the money.")
        if small
        else _(
            "The seller has 48 hours to answer. Without an answer the operator decides, because it is more than %(amount)s.",
            amount=yuan(SILENCE_AGREES_UP_TO_FEN),
        ),
        ClaimState.OFFERED: _("The buyer has 72 hours to take the offer or have it decided. Without an answer it is paid."),
        ClaimState.REFUSED: _("The buyer has 72 hours to have the operator decide. Without an answer the claim is closed."),
        ClaimState.DISPUTED: _("The operator looks at the photos and at what both sides wrote, and decides within 5 days."),
        ClaimState.RULED: _("Both sides have 72 hours to ask for a second decision. After that this one is carried out."),
        ClaimState.APPEALED: _("Another operator decides within 5 days, and that stands."),
    }
    return words.get(ClaimState(claim.state))


def _next_of_goods(claim: Claim) -> str | None:
    goods = claim.goods_return
    words = {
        ReturnState.AGREED: _("The buyer has 7 days to send the goods. If they are not sent, the claim is closed."),
        ReturnState.SENT: _("If the goods have not come within 14 days, the operator decides."),
        ReturnState.ARRIVED: _("The seller has 72 hours to look at the goods. Without an answer the buyer gets the money."),
    }
    return words.get(ReturnState(goods.state)) if goods is not None else None


def talk(messages: Sequence[OrderMessage], reader: Party, new: set[str]) -> list[dict[str, Any]]:
    """Messages on an order as a party reads them, masked once more."""
    return [
        {
            "mine": message.sent_by == reader,
            "who": _("You") if message.sent_by == reader else _(_PARTIES[Party(message.sent_by)]),
            "words": shown_words(message),
            "at": message.at,
            "new": message.public_id in new,
        }
        for message in messages
    ]


def is_disputed(claim: Claim) -> bool:
    """Whether the operator may open the messages of a claim's order."""
    return claim.state in DISPUTES or claim.ruled_by_id is not None


def private_folder() -> Path:
    """Where pictures lie that only the parties of a claim may see; no public address leads into it."""
    folder: Path = current_app.extensions["settings"].data_dir / CLAIM_PICTURES
    return folder


def keep_pictures(raw: Sequence[bytes], folder: Path) -> list[Picture]:
    """Read pictures and keep them; ``Invalid`` for one that cannot be read."""
    pictures = [read_picture(data) for data in raw]
    for picture in pictures:
        store_picture(picture, folder)
    return pictures


def sent_pictures(name: str, most: int, folder: Path) -> list[Picture]:
    """The pictures of a form's field, read and kept; one more than may be sent is read, so that it is found to be too many."""
    return keep_pictures([file.read(LARGEST_BYTES + 1) for file in sent_files(name)[: most + 1]], folder)


def send_private_picture(name: str, size: int) -> Response:
    """A picture of a claim, for a caller who has checked who may see it; kept by nobody but its reader."""
    path = picture_path(name, size, private_folder())
    if not path.is_file():
        raise NotFound("picture_unknown", N_("There is no such picture."))
    response = send_file(path, mimetype="image/webp", etag=f"{name}-{size}")
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response
