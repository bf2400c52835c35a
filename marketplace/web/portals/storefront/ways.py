"""How a basket can travel, as the checkout shows it: the ways of each group, their prices and how these were counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from marketplace.delivery.models import MethodKind
from marketplace.kernel.clock import local_day, now
from marketplace.kernel.errors import Conflict
from marketplace.orders.delivering import DeliveryGroup, Option, as_kept, basket_goods, delivery_groups
from marketplace.orders.queries import BasketView
from marketplace.web.errors import message_of
from marketplace.web.filters import grams, short_day, yuan
from marketplace.web.languages import pick

# What the name of a choice's field begins with; the group's key follows.
_FIELD = "way-"
# The button beside the county, which only shows what delivery costs.
SHOW_PRICES = "prices"


@dataclass(frozen=True)
class Ways:
    """The delivery of a basket: what it costs, ``known`` once the destination is, and its groups as the page shows them."""

    fen: int
    known: bool
    included: bool
    groups: list[dict[str, Any]]
    problem: str | None


def split_choices(form: MultiDict[str, str]) -> tuple[dict[str, str], MultiDict[str, str]]:
    """The way chosen for each group, and what else a form holds."""
    choices = {name.removeprefix(_FIELD): value for name, value in form.items() if name.startswith(_FIELD)}
    return choices, MultiDict((name, value) for name, value in form.items(multi=True) if not name.startswith(_FIELD))


def ways_of(view: BasketView, county: str, choices: Mapping[str, str]) -> Ways:
    """How a basket can travel to a county, an empty one being unknown, with what was chosen so far."""
    day = local_day(now())
    names = {lines[0].listing.producer: pick(zh, en) for zh, en, lines, _fen in view.sellers}
    groups = delivery_groups(basket_goods(view), county, day)
    fen, shown, problem = 0, [], None
    for group in groups:
        try:
            chosen = group.chosen(choices)
        except Conflict as error:
            chosen, problem = group.chosen({}), message_of(error)
        fen += chosen.quote.total_fen if chosen is not None else 0
        shown.append(_group(group, chosen, [names[seller] for seller in group.sellers], day))
    return Ways(fen, bool(county), all(group.included for group in groups), shown, problem)


def freight_before_checkout(view: BasketView) -> str:
    """What a basket can say of its delivery while nobody knows where to."""
    groups = delivery_groups(basket_goods(view), "", local_day(now()))
    return str(_("Included") if all(group.included for group in groups) else _("Shown at the checkout"))


def _group(group: DeliveryGroup, chosen: Option | None, sellers: list[str], day: date) -> dict[str, Any]:
    return {
        "field": _FIELD + group.key,
        "sellers": pick("、", ", ").join(sellers),
        "together": group.hub is not None,
        "included": group.included,
        "reachable": group.included or bool(group.options),
        "chosen": chosen.key if chosen is not None else None,
        "options": [_option(option, day) for option in group.options],
    }


def _option(option: Option, day: date) -> dict[str, Any]:
    first, last = (day + timedelta(days=days) for days in (option.quote.days_from, option.quote.days_to))
    return {
        "value": option.key,
        "label": pick(option.method.name_zh, option.method.name_en),
        "icon": "pin" if option.point is not None else "box" if option.method.kind is MethodKind.HUB else "truck",
        "place": None
        if option.point is None
        else f"{pick(option.point.name_zh, option.point.name_en)} · {option.point.address} · {option.point.hours}",
        "days": days_words(first, last),
        "price": yuan(option.quote.total_fen),
        "reasons": [reason_words(as_kept(part)) for part in option.quote.parts],
    }


def days_words(first: date, last: date) -> str:
    """A span of days on which something arrives."""
    if first == last:
        return str(_("Arrives on %(day)s", day=short_day(first)))
    return str(_("Arrives %(first)s to %(last)s", first=short_day(first), last=short_day(last)))


def reason_words(part: Mapping[str, Any]) -> str:
    """How the freight of one weighing was counted, in words, from what ``as_kept`` answers or an order has kept."""
    weight = grams(part["grams"])
    kind = temperature_name(part["temperature"])
    if part["free_from_fen"] is not None:
        text = _(
            "%(kind)s, %(weight)s: free from %(amount)s of goods on",
            kind=kind,
            weight=weight,
            amount=yuan(part["free_from_fen"]),
        )
    elif part["kilograms"] == 1:
        text = _("%(kind)s, %(weight)s: %(first)s up to 1 kg", kind=kind, weight=weight, first=yuan(part["first_kg_fen"]))
    else:
        text = _(
            "%(kind)s, %(weight)s: %(first)s for the first kg and %(number)s × %(each)s",
            kind=kind,
            weight=weight,
            first=yuan(part["first_kg_fen"]),
            number=part["kilograms"] - 1,
            each=yuan(part["each_kg_fen"]),
        )
    if part["senders"] > 1:
        text = _("%(reason)s, weighed together for %(number)s sellers", reason=text, number=part["senders"])
    return str(text)


def temperature_name(temperature: str) -> str:
    """How cold goods travel, in words."""
    words = {"ambient": _("Not cooled"), "chilled": _("Chilled"), "frozen": _("Frozen")}
    return str(words[temperature])
