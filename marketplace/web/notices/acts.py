"""What a household is told of acts that are neither on sale nor on their way: photos, harvests, weights, claims, words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marketplace.catalogue.models import Producer
from marketplace.identity.answer_codes import issue_code
from marketplace.identity.models import Mandate
from marketplace.kernel.clock import local_day
from marketplace.kernel.errors import N_
from marketplace.web.deeds import things
from marketplace.web.filters import yuan
from marketplace.web.notices.people import who
from marketplace.web.notices.sending import Notice, reader_of_producer, send
from marketplace.web.outside import outside_url


@dataclass(frozen=True)
class Told:
    """How an act is told: the notice's kind, its subject and its text.

    ``answerable`` for what moves money: the notice ends in an address at which the mandate can be ended. ``once_a_day`` for
    what is done again and again on one thing: the first of a day stands for all.
    """

    kind: str
    subject: str
    text: str
    answerable: bool = False
    once_a_day: bool = False


_CHANGED, _CLAIM = N_("Changed in your name"), N_("A claim was answered in your name")
_SHOWN = Told("shown", _CHANGED, N_("%(who)s changed in your name what %(title)s shows or when it is sold."), once_a_day=True)
_PAID = Told(
    "claim.paid",
    _CLAIM,
    N_("%(who)s agreed in your name: the buyer of %(title)s gets %(amount)s back. Not right? Answer here:"),
    answerable=True,
)
_ANSWERED = Told("claim.answered", _CLAIM, N_("%(who)s answered a claim on %(title)s in your name."))
# Of several acts on one thing in one go only the first in this order is told.
TOLD: dict[str, Told] = {
    "claim.accept": _PAID,
    "claim.finish": _PAID,
    "claim.offer": Told(
        "claim.offered",
        _CLAIM,
        N_("%(who)s offered the buyer of %(title)s %(amount)s in your name. Not right? Answer here:"),
        answerable=True,
    ),
    "claim.refuse": Told("claim.refused", _CLAIM, N_("%(who)s refused a claim on %(title)s in your name.")),
    **dict.fromkeys(
        ("claim.ask_back", "claim.appeal", "claim.escalate", "claim.arrive", "claim.check", "claim.question"), _ANSWERED
    ),
    "message.sent": Told(
        "wrote",
        N_("Written in your name"),
        N_("%(who)s wrote to the buyer in your name: %(title)s."),
        once_a_day=True,
    ),
    "review.replied": Told("replied", N_("Written in your name"), N_("%(who)s replied in your name to a review of %(title)s.")),
    "order.weighed": Told("weighed", N_("Weighed in your name"), N_("%(who)s weighed in your name: %(title)s.")),
    "goods.looked_at": Told(
        "looked_at", _CHANGED, N_("%(who)s said in your name what of a parcel that came back can be sold: %(title)s.")
    ),
    "shipment.delivered": Told("brought", N_("Sent in your name"), N_("%(who)s brought the buyer in your name: %(title)s.")),
    "harvest.confirmed": Told(
        "harvested", N_("A harvest was noted in your name"), N_("%(who)s noted in your name what was picked of %(title)s.")
    ),
    "harvest.put_off": Told(
        "put_off", N_("A harvest was noted in your name"), N_("%(who)s gave the harvest of %(title)s another day in your name.")
    ),
    "certificate.submitted": Told(
        "certified", N_("A certificate was handed in"), N_("%(who)s handed in a certificate of your goods in your name.")
    ),
    "price.evidence_given": Told("explained", _CHANGED, N_("%(who)s explained in your name why %(title)s costs what it does.")),
    **dict.fromkeys(("photo.added", "photo.described", "photo.shown_first", "photo.removed", "listing.window_set"), _SHOWN),
}


def tell_other_acts(producer: Producer, mandate: Mandate, acts: Iterable[Mapping[str, Any]], *, now: datetime) -> None:
    """Tell a household of these acts, one notice for each thing that was acted on."""
    first: dict[str, Mapping[str, Any]] = {}
    for act in acts:
        known = first.get(act["object_id"])
        if act["verb"] in TOLD and (known is None or _rank(act) < _rank(known)):
            first[act["object_id"]] = act
    for act in first.values():
        _tell(producer, mandate, act, TOLD[act["verb"]], now)


def _rank(act: Mapping[str, Any]) -> int:
    return list(TOLD).index(act["verb"])


def _tell(producer: Producer, mandate: Mandate, act: Mapping[str, Any], told: Told, now: datetime) -> None:
    object_id = act["object_id"]

    def values() -> dict[str, str]:
        _listing, title = things([object_id]).get(object_id, (None, ""))
        amount_fen = act["data"].get("amount_fen")
        amount = {"amount": yuan(amount_fen)} if amount_fen is not None else {}
        return {"who": who(mandate.holder, mandate.holder_role), "title": title, **amount}

    reader = reader_of_producer(producer)
    answer_url = ""
    if reader is not None and told.answerable:
        answer_url = outside_url("answers.page", code=issue_code(mandate, "mandate", mandate.public_id, now=now))
    when = local_day(now).isoformat() if told.once_a_day else str(int(now.timestamp()))
    page = outside_url("producer.mandates.mine")
    send(reader, Notice(told.kind, f"{object_id}:{when}", told.subject, told.text, values, answer_url, page), now=now)
