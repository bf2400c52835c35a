"""The farmer's side after the sale: claims to answer with two big buttons, messages, reviews."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.catalogue.models import Producer
from marketplace.catalogue.queries import product_art
from marketplace.identity.models import Scope
from marketplace.kernel import clock
from marketplace.kernel.errors import N_, Conflict, Invalid, TooMany
from marketplace.orders import claims, returns
from marketplace.orders.claim_handling import take_step
from marketplace.orders.claim_moves import Actor
from marketplace.orders.claim_queries import claims_of_producer, get_claim, waits_for_seller
from marketplace.orders.claim_rules import clock_of
from marketplace.orders.claim_states import ClaimKind, ClaimState, Party, ReturnState
from marketplace.orders.disputes import appeal
from marketplace.orders.messages import (
    conversations_of_producer,
    get_sale,
    messages_of,
    note_read,
    send_message,
    unread_for_seller,
)
from marketplace.orders.models import Claim
from marketplace.orders.reviews import MOST_REPLY, reply_to_review, reviews_of_producer
from marketplace.web.access import account
from marketplace.web.acting import acting, by_mandate, current_seller
from marketplace.web.claim_words import summary, whole
from marketplace.web.claim_words import talk as talk_words
from marketplace.web.errors import message_of
from marketplace.web.forms import FormError, FormSchema, Text, Yuan, read_form
from marketplace.web.languages import pick
from marketplace.web.portals.storefront.after_sale import MessageForm
from marketplace.web.portals.storefront.claims import ReasonForm
from marketplace.web.redirects import see_other

blueprint = Blueprint("after", __name__, url_prefix="/after")


class OfferForm(ReasonForm):
    """Another amount, and why."""

    amount = Yuan(required=True, error_messages={"required": N_("Please give an amount.")})


class CheckForm(FormSchema):
    """Whether goods that came back can be sold again."""

    sellable = fields.Boolean(required=True)


class ReplyForm(FormSchema):
    """The one reply to a review."""

    words = Text(
        required=True,
        validate=validate.Length(max=MOST_REPLY, error=N_("Please use at most 1,000 characters.")),
        error_messages={"required": N_("Please write something here.")},
    )


def _producer() -> Producer:
    return current_seller().producer


def _seller() -> Actor:
    return claims.seller(account().id, account().public_id, _producer().id)


@blueprint.get("/")
@by_mandate(Scope.ANSWER)
def start() -> str:
    """What buyers say: claims, messages, reviews."""
    producer, now = _producer(), clock.now()
    found = claims_of_producer(producer.id, limit=40)
    unread = unread_for_seller(producer.id)
    return render_template(
        "producer/after.html",
        waiting=[_row(claim, now) for claim in found if waits_for_seller(claim)],
        others=[_row(claim, now) for claim in found if not waits_for_seller(claim)],
        talks=[
            {
                "url": url_for("producer.after.talk", public_id=order.public_id),
                "reference": order.group.reference,
                "new": unread.get(order.public_id, 0),
            }
            for order in conversations_of_producer(producer.id)
        ],
        number_of_reviews=len(reviews_of_producer(producer.id)),
    )


def _row(claim: Claim, now: Any) -> dict[str, Any]:
    return summary(claim, url_for("producer.after.claim", public_id=claim.public_id), now)


@blueprint.get("/claims/<public_id>")
@by_mandate(Scope.ANSWER)
def claim(public_id: str) -> str:
    """One claim on one's goods, and the two big buttons."""
    return _claim_page(get_claim(public_id, producer_id=_producer().id))


def _claim_page(found: Claim, errors: dict[str, str] | None = None, tried: str | None = None) -> str:
    now = clock.now()
    return render_template(
        "producer/claim.html",
        claim=whole(found, now, Party.SELLER),
        talk_url=url_for("producer.after.talk", public_id=found.order.public_id),
        may=_may(found),
        art=product_art([found.line.listing_id]).get(found.line.listing_id),
        errors=errors or {},
        tried=tried,
        form=request.form,
    )


def _may(found: Claim) -> set[str]:
    """What the seller can do at this moment."""
    state, goods = ClaimState(found.state), found.goods_return
    if state is ClaimState.FILED:
        returnable = found.kind != ClaimKind.NOT_ARRIVED and clock_of(found.line, clock.local_day(found.filed_at)).returnable
        return {"accept", "offer", "refuse"} | ({"ask_back"} if returnable else set())
    if state is ClaimState.RULED:
        return {"appeal"}
    if state is ClaimState.RETURNING and goods is not None:
        return {ReturnState.SENT: {"arrived", "question"}, ReturnState.ARRIVED: {"check", "question"}}.get(
            ReturnState(goods.state), set()
        )
    return set()


def _act(public_id: str, act: Callable[[], Claim], said: str) -> Response:
    now = clock.now()
    try:
        take_step(act, now=now, within=lambda: acting(now))
    except Conflict as error:
        flash(message_of(error), "warning")
    else:
        flash(said, "success")
    return see_other(url_for("producer.after.claim", public_id=public_id))


def _with_form(public_id: str, name: str, schema: FormSchema, act: Callable[[dict[str, Any]], Claim], said: str) -> Any:
    try:
        form = read_form(schema)
        return _act(public_id, partial(act, form), said)
    except FormError as error:
        return _claim_page(get_claim(public_id, producer_id=_producer().id), error.fields, name), 422
    except Invalid as error:
        field = "amount" if error.code == "offer_invalid" else "words"
        return _claim_page(get_claim(public_id, producer_id=_producer().id), {field: message_of(error)}, name), 422


@blueprint.post("/claims/<public_id>/accept")
@by_mandate(Scope.ANSWER)
def accept(public_id: str) -> Response:
    """Agree: the money goes back."""
    read_form(FormSchema())
    act = partial(claims.accept_claim, public_id, _seller(), now=clock.now())
    return _act(public_id, act, _("Thank you. The buyer gets the money back."))


@blueprint.post("/claims/<public_id>/offer")
@by_mandate(Scope.ANSWER)
def offer(public_id: str) -> Any:
    """Offer another amount."""
    by, now = _seller(), clock.now()
    return _with_form(
        public_id,
        "offer",
        OfferForm(),
        lambda form: claims.offer_amount(public_id, form["amount"], form["words"], by, now=now),
        _("The buyer has been told of your offer."),
    )


@blueprint.post("/claims/<public_id>/refuse")
@by_mandate(Scope.ANSWER)
def refuse(public_id: str) -> Any:
    """Do not agree."""
    by, now = _seller(), clock.now()
    said = _("The buyer has been told. They may have it decided by the operator.")
    return _with_form(
        public_id, "refuse", ReasonForm(), lambda form: claims.refuse_claim(public_id, form["words"], by, now=now), said
    )


@blueprint.post("/claims/<public_id>/ask-back")
@by_mandate(Scope.ANSWER)
def ask_back(public_id: str) -> Any:
    """Have the goods sent back first."""
    by, now = _seller(), clock.now()
    said = _("The buyer has been asked to send the goods back.")
    return _with_form(
        public_id, "ask_back", ReasonForm(), lambda form: claims.ask_goods_back(public_id, form["words"], by, now=now), said
    )


@blueprint.post("/claims/<public_id>/appeal")
@by_mandate(Scope.ANSWER)
def appeal_ruling(public_id: str) -> Any:
    """Have a second operator decide."""
    by, now = _seller(), clock.now()
    said = _("Another operator will look at it.")
    return _with_form(public_id, "appeal", ReasonForm(), lambda form: appeal(public_id, form["words"], by, now=now), said)


@blueprint.post("/claims/<public_id>/arrived")
@by_mandate(Scope.ANSWER)
def arrived(public_id: str) -> Response:
    """The goods are back."""
    read_form(FormSchema())
    act = partial(returns.note_arrival, public_id, _seller(), now=clock.now())
    return _act(public_id, act, _("Thank you. Please look at the goods now."))


@blueprint.post("/claims/<public_id>/checked")
@by_mandate(Scope.ANSWER)
def checked(public_id: str) -> Response:
    """The goods have been looked at."""
    form = read_form(CheckForm())
    act = partial(returns.note_check, public_id, form["sellable"], _seller(), now=clock.now())
    return _act(public_id, act, _("Thank you. The buyer gets the money back."))


@blueprint.post("/claims/<public_id>/question")
@by_mandate(Scope.ANSWER)
def question(public_id: str) -> Any:
    """What came back is not what was sold, or nothing came."""
    by, now = _seller(), clock.now()
    said = _("The operator of the market will look at it.")
    return _with_form(
        public_id, "question", ReasonForm(), lambda form: returns.question_return(public_id, form["words"], by, now=now), said
    )


@blueprint.get("/orders/<public_id>")
@by_mandate(Scope.ANSWER)
def talk(public_id: str) -> str:
    """The messages on one order."""
    producer_id, now = _producer().id, clock.now()
    order_id = get_sale(public_id, producer_id, account().id).id
    with acting(now):
        new = note_read([order_id], Party.SELLER, now=now)
    order = get_sale(public_id, producer_id, account().id)
    return render_template(
        "producer/talk.html",
        public_id=public_id,
        reference=order.group.reference,
        titles=[pick(line.title_zh, line.title_en) for line in order.lines],
        messages=talk_words(messages_of([order.id])[order.id], Party.SELLER, new),
    )


@blueprint.post("/orders/<public_id>/messages")
@by_mandate(Scope.ANSWER)
def message(public_id: str) -> Response:
    """Write to the buyer."""
    page = url_for("producer.after.talk", public_id=public_id)
    producer_id, now = _producer().id, clock.now()
    get_sale(public_id, producer_id, account().id)
    try:
        form = read_form(MessageForm())
        with acting(now) as actor:
            send_message(public_id, form["words"], account_id=account().id, producer_id=producer_id, actor=actor, now=now)
    except (Invalid, TooMany) as error:
        flash(message_of(error), "warning")
        return see_other(page)
    flash(_("Your message has been sent."), "success")
    return see_other(page)


@blueprint.get("/reviews")
@by_mandate(Scope.ANSWER)
def reviews() -> str:
    """What buyers say of one's goods."""
    found = reviews_of_producer(_producer().id)
    rows = [{"review": row, "title": pick(row.line.title_zh, row.line.title_en)} for row in found]
    return render_template("producer/reviews.html", rows=rows)


@blueprint.post("/reviews/<public_id>/reply")
@by_mandate(Scope.ANSWER)
def reply(public_id: str) -> Response:
    """Reply to a review, once."""
    producer_id, now = _producer().id, clock.now()
    try:
        form = read_form(ReplyForm())
        with acting(now) as actor:
            reply_to_review(public_id, form["words"], producer_id=producer_id, actor=actor, now=now)
    except (Conflict, Invalid) as error:
        flash(message_of(error), "warning")
    else:
        flash(_("Your reply stands under the review now."), "success")
    return see_other(url_for("producer.after.reviews"))
