"""The operator's look at unusual prices: let them stand for a reason, ask the seller, or refuse them."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from marshmallow import validate
from werkzeug.wrappers import Response

from marketplace.catalogue.models import Basis, PriceCheck, Review, Verdict
from marketplace.catalogue.price_evidence import fen_per_500_g
from marketplace.catalogue.price_reviews import accept, ask_seller, get_check, open_reviews, refuse
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_
from marketplace.web.access import account, allow
from marketplace.web.forms import FormSchema, Text, read_form
from marketplace.web.languages import pick

blueprint = Blueprint("operator_prices", __name__, url_prefix="/operator/prices")

BASES = {
    Basis.MARKET: N_("market prices of the last weeks"),
    Basis.OWN: N_("the seller’s own earlier prices"),
    Basis.SHOP: N_("what others ask for it here"),
    Basis.NONE: N_("nothing yet"),
}
_STATES = {
    Review.NONE: (N_("Usual"), "good"),
    Review.OPEN: (N_("To be looked at"), "wait"),
    Review.ASKED: (N_("Seller asked"), "info"),
    Review.ACCEPTED: (N_("Accepted"), "good"),
    Review.REFUSED: (N_("Refused"), "bad"),
    Review.REPLACED: (N_("Price has changed"), "neutral"),
}
_TOO_LONG = N_("Please be shorter: 2,000 characters at the most.")


class EvidenceForm(FormSchema):
    """What shows that a price is right."""

    words = Text(load_default="", validate=validate.Length(max=2000, error=_TOO_LONG))
    link = Text(load_default="", validate=validate.Length(max=500, error=_TOO_LONG))


class WordsForm(FormSchema):
    """What the seller is asked or told."""

    words = Text(load_default="", validate=validate.Length(max=2000, error=_TOO_LONG))


@blueprint.get("/")
@allow(RoleKind.OPERATOR)
def queue() -> str:
    """Unusual prices that nobody has decided on."""
    return render_template("operator/prices.html", rows=[check_row(row) for row in open_reviews()])


@blueprint.get("/<public_id>")
@allow(RoleKind.OPERATOR)
def check(public_id: str) -> str:
    """One unusual price with what was said and shown for it."""
    found = get_check(public_id)
    return render_template(
        "operator/price.html", row=check_row(found), open=found.review in (Review.OPEN, Review.ASKED), evidence=found.evidence
    )


def check_row(row: PriceCheck) -> dict[str, Any]:
    """What the pages show of a comparison."""
    words, tone = _STATES[Review(row.review)]
    per_500_g = round(fen_per_500_g(row.price_fen, row.unit_grams))
    return {
        "public_id": row.public_id,
        "title": pick(row.listing.title_zh, row.listing.title_en),
        "seller": pick(row.listing.producer.name_zh, row.listing.producer.name_en),
        "price_fen": row.price_fen,
        "unit_grams": row.unit_grams,
        "per_500_g_fen": per_500_g,
        "expected_fen": row.expected_fen,
        "times": _times(per_500_g / row.expected_fen) if row.expected_fen else None,
        "basis": _(BASES[Basis(row.basis)]),
        "waits": row.verdict == Verdict.WAITS,
        "state": (_(words), tone),
        "at": row.at,
        "question": row.question,
        "answers": len(row.evidence),
    }


def _times(factor: float) -> str:
    """How many times something is something else, with as many figures as tell it.

    >>> _times(100.2), _times(2.14), _times(0.102)
    ('100', '2.1', '0.10')
    """
    return f"{factor:,.0f}" if factor >= 10 else f"{factor:.1f}" if factor >= 1 else f"{factor:.2f}"


@blueprint.post("/<public_id>/accept")
@allow(RoleKind.OPERATOR)
def let_stand(public_id: str) -> Response:
    """Let a price stand, with the evidence for it."""
    form = read_form(EvidenceForm())
    with transaction():
        accept(public_id, form["words"], form["link"], actor=account().public_id, now=clock.now())
    flash(_("The price stands."), "success")
    return redirect(url_for("operator_prices.queue"), 303)


@blueprint.post("/<public_id>/ask")
@allow(RoleKind.OPERATOR)
def ask(public_id: str) -> Response:
    """Ask the seller about a price."""
    form = read_form(WordsForm())
    with transaction():
        ask_seller(public_id, form["words"], actor=account().public_id, now=clock.now())
    flash(_("The seller sees the question beside the goods."), "success")
    return redirect(url_for("operator_prices.check", public_id=public_id), 303)


@blueprint.post("/<public_id>/refuse")
@allow(RoleKind.OPERATOR)
def turn_down(public_id: str) -> Response:
    """Refuse a price; the goods are not sold for it."""
    form = read_form(WordsForm())
    with transaction():
        refuse(public_id, form["words"], actor=account().public_id, now=clock.now())
    flash(_("The price is refused, and the goods are not on sale."), "success")
    return redirect(url_for("operator_prices.queue"), 303)
