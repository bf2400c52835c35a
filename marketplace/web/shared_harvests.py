"""Shared harvests at the edge: whose they are, and how a division is shown on pages and to programs."""

from collections.abc import Iterable, Mapping
from typing import Any

from marketplace.catalogue.models import Producer
from marketplace.kernel.errors import N_, NotFound
from marketplace.orders.pooled import Portion
from marketplace.web.acting import current_seller


def own_cooperative() -> Producer:
    """The cooperative that the caller acts for, or ``NotFound``: a household shares its harvests with nobody."""
    producer = current_seller().producer
    if producer.household_id is not None:
        raise NotFound("not_shared", N_("Only a cooperative names households."))
    return producer


def portion_rows(portions: Iterable[Portion], codes: Mapping[int, str]) -> list[dict[str, Any]]:
    """What each household brought and its part of the money, by the code that the household is named with."""
    return [{"code": codes[one.household_id], "grams": one.grams, "part_fen": one.fen} for one in portions]
