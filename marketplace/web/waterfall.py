"""How one yuan paid to a seller splits, as a page shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from marketplace.kernel.clock import local_day, now
from marketplace.kernel.money import split_fen
from marketplace.orders.models import ShareKind
from marketplace.orders.shares import WHOLE_BP, terms_in_force
from marketplace.orders.waterfall import MoneySplit
from marketplace.web.filters import day

ONE_YUAN_FEN = 100


@dataclass(frozen=True)
class Waterfall:
    """The parts of the bar with their words, what they rest on, and how they were counted."""

    parts: Sequence[Mapping[str, Any]]
    headline: str
    counted: Sequence[str]


def waterfall(split: MoneySplit, price_fen: int, *, cooperative: bool) -> Waterfall:
    """The parts of one yuan and of the price of one unit; a part's fen of a yuan are its hundredths of the bar."""
    weights = {kind.value: amount for kind, amount in split.parts}
    of_one_yuan, of_price = split_fen(ONE_YUAN_FEN, weights), split_fen(price_fen, weights)
    who = _("The cooperative and its members") if cooperative else _("The family that grew it")
    start, parts = 0, []
    for kind, width in of_one_yuan.items():
        label = who if kind == ShareKind.PRODUCER else share_words(ShareKind(kind))
        part = {"label": label, "fen": width, "of_price_fen": of_price[kind], "start": start, "width": width}
        parts.append(part)
        start += width
    return Waterfall(parts, _headline(split), _counted(split))


def share_words(kind: ShareKind) -> str:
    """What a share of an order is called beside its producer's."""
    return {
        ShareKind.PRODUCER: _("The seller"),
        ShareKind.VILLAGE_AGENT: _("Help in the village"),
        ShareKind.PACKING: _("Packing"),
        ShareKind.FREIGHT: _("Freight"),
        ShareKind.TAX: _("Tax"),
        ShareKind.PLATFORM: _("Running the market"),
    }[kind]


def _headline(split: MoneySplit) -> str:
    if not split.orders:
        return _("Of every yuan you pay for this, by the terms in force today:")
    return ngettext(
        "Of every yuan paid to this seller, in one settled order:",
        "Of every yuan paid to this seller, over %(num)d settled orders:",
        split.orders,
    )


def _counted(split: MoneySplit) -> list[str]:
    if not split.orders:
        return [
            _("No order of this seller has been settled within a year. These are the terms by which a new one is divided."),
            _("An order keeps the terms of the day on which it was placed."),
        ]
    return [
        ngettext(
            "Counted from the ledger: what was booked for one order of this seller that was paid and accepted.",
            "Counted from the ledger: what was booked for %(num)d orders of this seller that were paid and accepted.",
            split.orders,
        ),
        _("They were settled from %(first)s to %(last)s.", first=day(split.first_on), last=day(split.last_on)),
        _("What buyers paid for bringing the goods is not in it: it goes whole to those who bring them."),
        _("What was given back to buyers is subtracted from those who had got it."),
        _("Counted again each night, over one year. Rounded to whole fen so that the parts sum to the whole."),
    ]


def terms_rows(area_code: str) -> list[tuple[str, float]]:
    """What a seller of an area keeps of the price of goods today, and each other part, as (words, share of the whole)."""
    terms = terms_in_force([area_code], local_day(now()))[area_code]
    own_bp = WHOLE_BP - sum(term.bp for term in terms)
    return [(_("You get"), own_bp / WHOLE_BP), *((share_words(term.kind), term.bp / WHOLE_BP) for term in terms)]
