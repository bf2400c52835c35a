"""Portal: what anybody may know of public money: each document with its sums by purpose, and no person."""

from flask import Blueprint, render_template
from flask_babel import gettext as _

from marketplace.funds.queries import PublicTotal, public_totals
from marketplace.regions.queries import area_names
from marketplace.web.access import PUBLIC, allow
from marketplace.web.money_words import BUDGETS, purpose_name
from marketplace.web.places import place_name

blueprint = Blueprint("public_money", __name__)


@blueprint.get("/public-money")
@allow(PUBLIC)
def listed() -> str:
    """Every fund in force: what was given, what was paid, what has not been."""
    found = public_totals()
    names = area_names(one.fund.area_code for one in found)
    return render_template(
        "public/money.html",
        funds=[
            {
                "document": one.fund.document_number,
                "title": one.fund.title,
                "year": one.fund.year,
                "budget": _(BUDGETS[one.fund.budget]),
                "area": place_name(names[one.fund.area_code]),
                "rows": _rows(one),
            }
            for one in found
        ],
    )


def _rows(one: PublicTotal) -> list[dict[str, object]]:
    return [
        {"purpose": purpose_name(code), "issued": sums.issued_fen, "paid": sums.paid_fen, "standing": sums.standing_fen}
        for code, sums in one.totals.items()
    ]
