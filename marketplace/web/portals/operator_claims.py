"""The operator's side after the sale: the queue of disputes with its clock, rulings, reviews, and the rules of claims."""

from functools import partial
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.catalogue.queries import categories, product_art
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Conflict, DomainError, Invalid
from marketplace.orders import claims
from marketplace.orders.claim_handling import take_step
from marketplace.orders.claim_queries import get_claim, others, queue
from marketplace.orders.claim_rules import FRESH_HOURS, rules, set_rule
from marketplace.orders.claim_states import ClaimState, Party
from marketplace.orders.disputes import Ruling, open_file, rule, rule_again
from marketplace.orders.messages import messages_of
from marketplace.orders.models import Claim, Review
from marketplace.orders.reviews import hidden_reviews, hide_review, keep_review, reported_reviews
from marketplace.web.access import account, allow
from marketplace.web.claim_words import is_disputed, summary, talk, whole
from marketplace.web.errors import message_of
from marketplace.web.forms import FormError, FormSchema, Text, Yuan, read_form
from marketplace.web.languages import pick
from marketplace.web.redirects import see_other

blueprint = Blueprint("claims", __name__, url_prefix="/claims")

_DAY = {"invalid": N_("Please give a day, such as 2026-05-01.")}


class RulingForm(FormSchema):
    """What goes back, what of it the market bears, and why."""

    amount = Yuan(required=True, error_messages={"required": N_("Please give an amount, 0 for nothing.")})
    goodwill = Yuan(load_default=0)
    reason = Text(
        required=True,
        validate=validate.Length(max=1000, error=N_("Please use at most 1,000 characters.")),
        error_messages={"required": N_("Please give the reason in words; both sides read it.")},
    )


class HideForm(FormSchema):
    """Why a review is hidden."""

    reason = Text(
        required=True,
        validate=validate.Length(max=300, error=N_("Please use at most 300 characters.")),
        error_messages={"required": N_("Please give the reason; the author reads it.")},
    )


class RuleForm(FormSchema):
    """A new rule for a category from a day on."""

    category = fields.Integer(required=True)
    hours = fields.Integer(required=True, error_messages={"required": N_("Please give between 1 and 8,784 hours.")})
    begins_on = fields.Date(required=True, error_messages={**_DAY, "required": _DAY["invalid"]})
    returnable = fields.Boolean(load_default=False)


@blueprint.get("/")
@allow(RoleKind.OPERATOR)
def start() -> str:
    """What waits for a decision, the clock that ends first at the top, and what the parties have in hand."""
    now = clock.now()
    return render_template(
        "operator/claims.html",
        waiting=[_row(claim, now) for claim in queue()],
        others=[_row(claim, now) for claim in others()],
    )


def _row(claim: Claim, now: Any) -> dict[str, Any]:
    row = summary(claim, url_for("operator.claims.claim", public_id=claim.public_id), now)
    row["seller"] = pick(claim.line.producer_zh, claim.line.producer_en)
    row["hours_left"] = int((claim.answer_by - now).total_seconds() // 3600) if claim.answer_by is not None else None
    row["appealed"] = claim.state == ClaimState.APPEALED
    return row


@blueprint.get("/<public_id>")
@allow(RoleKind.OPERATOR)
def claim(public_id: str) -> str:
    """The file of a claim; where it is disputed also what both sides wrote to each other, which is recorded."""
    found = get_claim(public_id)
    if is_disputed(found):
        with transaction():
            open_file(found, claims.operator(account().id, account().public_id), now=clock.now())
        found = get_claim(public_id)
    return _claim_page(found)


def _claim_page(found: Claim, errors: dict[str, str] | None = None) -> str:
    order = found.order
    own = found.state == ClaimState.APPEALED and found.ruled_by_id == account().id
    return render_template(
        "operator/claim.html",
        claim=whole(found, clock.now(), Party.OPERATOR),
        seller=pick(found.line.producer_zh, found.line.producer_en),
        order=order,
        messages=talk(messages_of([order.id])[order.id], Party.OPERATOR, set()) if is_disputed(found) else None,
        may_rule=found.state in (ClaimState.DISPUTED, ClaimState.APPEALED) and not own,
        own_ruling=own,
        art=product_art([found.line.listing_id]).get(found.line.listing_id),
        errors=errors or {},
        form=request.form,
    )


@blueprint.post("/<public_id>/rule")
@allow(RoleKind.OPERATOR)
def decide(public_id: str) -> Response | tuple[str, int]:
    """Decide a dispute, or an appeal."""
    now = clock.now()
    try:
        form = read_form(RulingForm())
        found = get_claim(public_id)
        ruling = Ruling(form["amount"], form["goodwill"], form["reason"])
        act = rule_again if found.state == ClaimState.APPEALED else rule
        by = claims.operator(account().id, account().public_id)
        take_step(partial(act, public_id, ruling, by, now=now), now=now)
    except FormError as error:
        return _claim_page(get_claim(public_id), error.fields), 422
    except Invalid as error:
        return _claim_page(get_claim(public_id), {"amount": message_of(error)}), 422
    except DomainError as error:
        flash(message_of(error), "warning")
        return see_other(url_for("operator.claims.claim", public_id=public_id))
    flash(_("Decided. Both sides have been told."), "success")
    return see_other(url_for("operator.claims.start"))


@blueprint.get("/reviews")
@allow(RoleKind.OPERATOR)
def reviews() -> str:
    """Reviews that somebody has reported, and those that were hidden."""
    return render_template(
        "operator/reviews.html",
        reported=[_review(row) for row in reported_reviews()],
        hidden=[_review(row) for row in hidden_reviews()],
    )


def _review(row: Review) -> dict[str, Any]:
    return {
        "public_id": row.public_id,
        "title": pick(row.line.title_zh, row.line.title_en),
        "author": row.author,
        "stars": row.stars,
        "words": row.words,
        "written_at": row.written_at,
        "reports": [report.words for report in row.reports if report.decided_at is None],
        "hidden_reason": row.hidden_reason,
    }


@blueprint.post("/reviews/<public_id>/hide")
@allow(RoleKind.OPERATOR)
def review_hide(public_id: str) -> Response:
    """Take a review off the pages."""
    try:
        form = read_form(HideForm())
        with transaction():
            hide_review(public_id, form["reason"], actor=account().public_id, now=clock.now())
    except Invalid as error:
        flash(message_of(error), "warning")
    else:
        flash(_("The review is hidden. Its author reads the reason."), "success")
    return see_other(url_for("operator.claims.reviews"))


@blueprint.post("/reviews/<public_id>/keep")
@allow(RoleKind.OPERATOR)
def review_keep(public_id: str) -> Response:
    """Leave a review where it is, or show it again."""
    read_form(FormSchema())
    with transaction():
        keep_review(public_id, actor=account().public_id, now=clock.now())
    flash(_("The review stands."), "success")
    return see_other(url_for("operator.claims.reviews"))


@blueprint.get("/rules")
@allow(RoleKind.OPERATOR)
def rule_list() -> str:
    """How long each category can be claimed, from which day on."""
    return _rules_page({})


def _rules_page(errors: dict[str, str]) -> str:
    return render_template(
        "operator/claim_rules.html",
        rows=[
            {
                "category": pick(shelf.name_zh, shelf.name_en),
                "hours": row.hours_after_arrival,
                "returnable": _("yes") if row.returnable else _("no"),
                "begins_on": row.begins_on,
            }
            for row, shelf in rules()
        ],
        shelves=[(shelf.id, pick(shelf.name_zh, shelf.name_en)) for shelf in categories()],
        fresh_hours=FRESH_HOURS,
        today=clock.local_day(clock.now()).isoformat(),
        errors=errors,
        form=request.form,
    )


@blueprint.post("/rules")
@allow(RoleKind.OPERATOR)
def rule_set() -> Response | tuple[str, int]:
    """Set another rule from a day on."""
    now = clock.now()
    try:
        form = read_form(RuleForm())
        with transaction():
            set_rule(
                form["category"],
                form["begins_on"],
                form["hours"],
                form["returnable"],
                actor=account().public_id,
                now=now,
            )
    except FormError as error:
        return _rules_page(error.fields), 422
    except (Invalid, Conflict) as error:
        return _rules_page({"begins_on": message_of(error)}), 422
    flash(_("The rule is set."), "success")
    return see_other(url_for("operator.claims.rule_list"))
