"""What a buyer's order page says after the sale: claims, messages with the seller, and reviews of what came."""

from datetime import datetime
from typing import Any

from flask import Response as FlaskResponse
from flask import flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import EXCLUDE, fields, validate
from werkzeug.wrappers import Response

from marketplace.catalogue.queries import get_listing, product_art
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, DomainError, Invalid, NotFound
from marketplace.orders.claim_queries import claims_of_orders
from marketplace.orders.claim_rules import arrived_at, claimable_kinds, clocks_of
from marketplace.orders.claim_states import Party
from marketplace.orders.messages import MOST_WORDS, messages_of, note_read, orders_bought, send_message
from marketplace.orders.models import Order, OrderGroup, Review
from marketplace.orders.queries import get_group
from marketplace.orders.reviews import (
    EDITABLE,
    MOST_PICTURES,
    Opinion,
    ReviewsOfListing,
    find_review_picture,
    get_review,
    report_review,
    reviews_of_lines,
    reviews_of_listing,
    write_review,
)
from marketplace.orders.states import OrderState
from marketplace.web.access import PUBLIC, SIGNED_IN, account, allow
from marketplace.web.claim_words import sent_pictures, summary, talk
from marketplace.web.errors import message_of
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.languages import pick
from marketplace.web.portals.storefront.blueprint import blueprint
from marketplace.web.redirects import see_other
from marketplace.web.uploads import pictures_folder, send_picture, takes_files

_PER_PAGE = 20


class MessageForm(FormSchema):
    """A message."""

    words = Text(
        required=True,
        validate=validate.Length(max=MOST_WORDS, error=N_("Please use at most 1,000 characters.")),
        error_messages={"required": N_("Please write something here.")},
    )


class ReviewForm(FormSchema):
    """Stars and words."""

    stars = fields.Integer(
        required=True,
        validate=validate.Range(1, 5, error=N_("Please give one to five stars.")),
        error_messages={"required": N_("Please give one to five stars.")},
    )
    words = Text(load_default="", validate=validate.Length(max=2000, error=N_("Please use at most 2,000 characters.")))


class ReportForm(FormSchema):
    """Why a review should not stand."""

    words = Text(
        required=True,
        validate=validate.Length(max=300, error=N_("Please use at most 300 characters.")),
        error_messages={"required": N_("Please give the reason in a few words.")},
    )


class PageForm(FormSchema):
    """From which review on."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    before = Text(load_default=None, validate=validate.Length(max=20))


def note_messages_read(group_id: str, account_id: int, now: datetime) -> set[str]:
    """Note that a buyer is reading the messages on a purchase; answers which of them are new."""
    with transaction():
        return note_read(orders_bought(group_id, account_id), Party.BUYER, now=now)


def after_sale(group: OrderGroup, new: set[str], now: datetime) -> dict[str, dict[str, Any]]:
    """What to show after the sale of each part of a purchase, by its public id."""
    ids = [part.id for part in group.orders]
    lines = [line for part in group.orders for line in part.lines]
    claims, messages = claims_of_orders(ids), messages_of(ids)
    reviews, clocks = reviews_of_lines([line.id for line in lines]), clocks_of(lines, clock.local_day(now))
    return {
        part.public_id: {
            "problem_url": url_for("storefront.problem", group=group.public_id, order=part.public_id)
            if any(claimable_kinds(part, group, clocks[line.id].hours, now) for line in part.lines)
            else None,
            "claims": [
                summary(claim, url_for("storefront.claim", public_id=claim.public_id), now) for claim in claims[part.id]
            ],
            "messages": talk(messages[part.id], Party.BUYER, new),
            "new": sum(message.public_id in new for message in messages[part.id]),
            "message_url": url_for("storefront.order_message", group=group.public_id, order=part.public_id),
            "reviews": _reviews(part, group, reviews, now),
        }
        for part in group.orders
    }


def _reviews(part: Order, group: OrderGroup, reviews: dict[int, Review], now: datetime) -> list[dict[str, Any]]:
    """For each line that has come: its review, or the way to write one."""
    if arrived_at(part) is None or part.state == OrderState.CANCELLED:
        return []
    rows = []
    for number, line in enumerate(part.lines, 1):
        review = reviews.get(line.id)
        changeable = review is None or (review.hidden_at is None and now <= review.written_at + EDITABLE)
        url = url_for("storefront.review", group=group.public_id, order=part.public_id, line=number)
        rows.append(
            {
                "title": pick(line.title_zh, line.title_en),
                "stars": review.stars if review is not None else None,
                "hidden_reason": review.hidden_reason if review is not None else "",
                "url": url if changeable else None,
            }
        )
    return rows


@blueprint.post("/orders/<group>/<order>/messages")
@allow(SIGNED_IN)
def order_message(group: str, order: str) -> Response:
    """Write to the seller."""
    page = url_for("storefront.order", public_id=group, _anchor=f"talk-{order}")
    own = get_group(group, account().id)
    if order not in {part.public_id for part in own.orders}:
        raise NotFound("order_unknown", N_("There is no such order."))
    try:
        form = read_form(MessageForm())
        with transaction():
            send_message(order, form["words"], account_id=account().id, actor=account().public_id, now=clock.now())
    except DomainError as error:
        flash(message_of(error), "warning")
        return see_other(page)
    flash(_("Your message has been sent."), "success")
    return see_other(page)


@blueprint.get("/orders/<group>/<order>/reviews/<int:line>")
@allow(SIGNED_IN)
def review(group: str, order: str, line: int) -> str:
    """Write or change the review of one line."""
    return _review_page(group, order, line, None, {})


def _review_page(group: str, order: str, line: int, form: Any, errors: dict[str, str]) -> str:
    purchase = get_group(group, account().id)
    part = next((part for part in purchase.orders if part.public_id == order), None)
    if part is None or not 1 <= line <= len(part.lines):
        raise NotFound("order_unknown", N_("There is no such order."))
    row = part.lines[line - 1]
    known = reviews_of_lines([row.id]).get(row.id)
    kept = {"stars": known.stars, "words": known.words} if known is not None else {}
    return render_template(
        "storefront/review.html",
        group=purchase,
        part=part,
        line_number=line,
        title=pick(row.title_zh, row.title_en),
        art=product_art([row.listing_id]).get(row.listing_id),
        known=known,
        form=form if form is not None else kept,
        errors=errors,
        most_pictures=MOST_PICTURES,
        stars=[{"value": stars, "label": star_words(stars)} for stars in (5, 4, 3, 2, 1)],
    )


def star_words(stars: int) -> str:
    """What a number of stars means."""
    words = {5: _("Very good"), 4: _("Good"), 3: _("All right"), 2: _("Not good"), 1: _("Bad")}
    return words[stars]


@blueprint.post("/orders/<group>/<order>/reviews/<int:line>")
@allow(SIGNED_IN)
@takes_files(MOST_PICTURES)
def review_send(group: str, order: str, line: int) -> Response | tuple[str, int]:
    """Keep the review."""
    try:
        form = read_form(ReviewForm())
        # Whose purchase it is not keeps no pictures with us either.
        get_group(group, account().id)
        pictures = sent_pictures("pictures", MOST_PICTURES, pictures_folder())
        with transaction():
            write_review(order, line, Opinion(form["stars"], form["words"], pictures), account(), now=clock.now())
    except FormError as error:
        return _review_page(group, order, line, request.form, error.fields), 422
    except Invalid as error:
        return _review_page(group, order, line, request.form, {"pictures": message_of(error)}), 422
    flash(_("Thank you. Others can read it now."), "success")
    return see_other(url_for("storefront.order", public_id=group))


def shown_reviews(found: ReviewsOfListing) -> dict[str, Any]:
    """A listing's reviews as its page shows them."""
    return {
        "count": found.count,
        "mean": f"{found.mean:.1f}" if found.mean is not None else None,
        "items": [
            {
                "public_id": row.public_id,
                "author": row.author,
                "stars": row.stars,
                "words": row.words,
                "written_at": row.written_at,
                "changed": row.changed_at is not None,
                "reply": row.reply,
                "replied_at": row.replied_at,
                "pictures": [
                    url_for("storefront.review_picture", review=row.public_id, picture=picture, size=320)
                    for picture in row.pictures
                ],
                "report_url": url_for("storefront.review_report", public_id=row.public_id),
            }
            for row in found.newest
        ],
    }


@blueprint.get("/p/<public_id>/reviews")
@allow(PUBLIC)
def reviews(public_id: str) -> str:
    """All reviews of a listing, newest first."""
    listing = get_listing(public_id)
    before = read_form(PageForm(), request.args)["before"]
    mark = get_review(before).id if before is not None else None
    found = reviews_of_listing(listing.id, limit=_PER_PAGE + 1, before=mark)
    shown = ReviewsOfListing(found.count, found.mean, found.newest[:_PER_PAGE])
    older = shown.newest[-1].public_id if len(found.newest) > _PER_PAGE else None
    return render_template(
        "storefront/reviews.html",
        listing=listing,
        title=pick(listing.title_zh, listing.title_en),
        reviews=shown_reviews(shown),
        older=url_for("storefront.reviews", public_id=public_id, before=older) if older is not None else None,
    )


@blueprint.get("/reviews/<public_id>/report")
@allow(SIGNED_IN)
def review_report(public_id: str) -> str:
    """Say why a review should not stand."""
    return _report_page(public_id, {})


def _report_page(public_id: str, errors: dict[str, str]) -> str:
    found = get_review(public_id)
    if found.hidden_at is not None:
        raise NotFound("review_unknown", N_("There is no such review."))
    return render_template("storefront/review_report.html", review=found, errors=errors, form=request.form)


@blueprint.post("/reviews/<public_id>/report")
@allow(SIGNED_IN)
def review_report_send(public_id: str) -> Response | tuple[str, int]:
    """Tell the operator."""
    try:
        form = read_form(ReportForm())
    except FormError as error:
        return _report_page(public_id, error.fields), 422
    with transaction():
        report_review(public_id, form["words"], account_id=account().id, actor=account().public_id, now=clock.now())
    flash(_("Thank you. The operator of the market will look at it."), "success")
    return see_other(url_for("storefront.home"))


@blueprint.get("/reviews/<review>/pictures/<picture>/<int:size>")
@allow(PUBLIC)
def review_picture(review: str, picture: str, size: int) -> FlaskResponse:
    """A picture of a review; gone with a review that was hidden."""
    found = find_review_picture(review, picture)
    if found is None:
        raise NotFound("picture_unknown", N_("There is no such picture."))
    return send_picture(found.name, size, public=False)
