"""Portal: the purchasing desk of enterprises."""

from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import EXCLUDE, fields, validate
from werkzeug.wrappers import Response

from marketplace.catalogue.queries import categories
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_
from marketplace.recommendations.service import recommend
from marketplace.sourcing.queries import YearOfPurchases, wanted_lots, year_of_purchases
from marketplace.sourcing.service import set_purchase_target
from marketplace.web.access import account, allow
from marketplace.web.cards import reasons_in_words
from marketplace.web.deliveries import delivery_area
from marketplace.web.forms import Amount, FormSchema, Text, Yuan, read_form, spelled
from marketplace.web.languages import pick
from marketplace.web.places import place_name
from marketplace.web.redirects import see_other

blueprint = Blueprint("buyer", __name__, url_prefix="/buyer")
# More than a consumer's list: a kitchen compares before it decides.
LOTS = 30
_BAD_LINK = N_("This link has a part that does not fit. Please start again from the list.")
_WHOLE_NUMBER = N_("Please give whole kilograms, up to 1,000,000.")
# From this many ten-thousandths on a lot's benefit is called so.
_BENEFIT_WORDS = (
    (9_950, N_("all of it")),
    (6_000, N_("most of it")),
    (4_000, N_("about half")),
    (2_000, N_("about a third")),
    (1, N_("a small part")),
)


class LotQuery(FormSchema):
    """What the lots are narrowed to."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    category = Text(load_default=None, validate=spelled(r"[a-z0-9-]{1,40}", error=_BAD_LINK))
    kg = fields.Integer(
        load_default=0,
        validate=validate.Range(0, 1_000_000, error=_WHOLE_NUMBER),
        error_messages={"invalid": _WHOLE_NUMBER},
    )


class TargetForm(FormSchema):
    """The share of the year's purchases that is to come from registered households, in per cent."""

    percent = Amount(
        required=True,
        error_messages={"required": N_("Please give a share in per cent.")},
        validate=validate.Range(0, 100, error=N_("A target is a share between 0 and 100 per cent.")),
    )
    budget = Yuan(load_default=None)


@blueprint.get("/")
@allow(RoleKind.ENTERPRISE)
def start() -> str:
    """What to source now, and how far the year has come.

    A list of the recommender within what was asked for, tilted by policy and written down as shown.
    """
    asked = read_form(LotQuery(), request.args)
    now = clock.now()
    buyer, year = account(), clock.local_day(now).year
    shelves = categories()
    purchases = year_of_purchases(buyer.id, year)
    within = wanted_lots(asked["category"], asked["kg"])
    # Last, and committed before the page is made: its rows are those that every other reader waits for.
    with transaction():
        chosen = recommend(buyer, "enterprise", LOTS, now=now, within=within, area=delivery_area() or None)
    lots = [_lot(row, reason) for row, reason in zip(chosen.rows, reasons_in_words(chosen, {}), strict=True)]
    return render_template(
        "buyer/start.html",
        lots=lots,
        narrowed=within is not None,
        category=asked["category"],
        least_kg=asked["kg"] or None,
        categories=[("", _("All")), *((shelf.slug, pick(shelf.name_zh, shelf.name_en)) for shelf in shelves)],
        year=_year(purchases),
    )


def _lot(row: Any, reason: str | None) -> dict[str, Any]:
    """A row of the comparison."""
    return {
        "title": pick(row.title_zh, row.title_en),
        "url": url_for("storefront.product", public_id=row.public_id),
        "per_kg": _per_kg_fen(row.price_fen, row.unit_grams),
        "available": int(Decimal(row.available) * row.unit_grams),
        "village": place_name(row.village),
        "harvested_on": row.harvested_on,
        "benefit": _benefit(row),
        "reason": reason,
    }


def _per_kg_fen(price_fen: int, unit_grams: int) -> int:
    """The price of a kilogram, rounded half up."""
    return (2 * price_fen * 1000 + unit_grams) // (2 * unit_grams)


def _benefit(row: Any) -> str | None:
    """How much of a lot comes from registered households, in words; nothing where the badge may not stand either."""
    if not row.supports_registered:
        return None
    return str(_(next(words for least, words in _BENEFIT_WORDS if row.benefit_bp >= least)))


def _year(purchases: YearOfPurchases) -> dict[str, Any]:
    """The year's figures for the page, with the bar of the target."""
    target = None if purchases.target_bp is None else purchases.target_bp / 10_000
    wanted_fen = purchases.registered_fen + purchases.missing_fen
    reached = purchases.registered_fen / wanted_fen if purchases.missing_fen else 1.0
    return {
        "number": purchases.year,
        "total_fen": purchases.total_fen,
        "registered_fen": purchases.registered_fen,
        "share": purchases.share,
        "target": target,
        "target_percent": None if target is None else f"{target * 100:g}",
        "missing_fen": purchases.missing_fen,
        "budget_fen": purchases.budget_fen,
        "budget_yuan": None if purchases.budget_fen is None else f"{purchases.budget_fen / 100:.2f}",
        "reached": round(100 * reached),
        "reached_share": reached,
    }


@blueprint.post("/target")
@allow(RoleKind.ENTERPRISE)
def target() -> Response:
    """Set the target of this year."""
    form = read_form(TargetForm())
    now = clock.now()
    with transaction():
        year = clock.local_day(now).year
        set_purchase_target(account(), year, int(form["percent"] * 100), budget_fen=form["budget"], now=now)
    flash(_("Your target for this year is set."), "success")
    return see_other(url_for("buyer.start"))
