"""Portal: a farmer asks what the rules say and what the household is entitled to, reads advice, and waits for prices."""

from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from sqlalchemy import select
from werkzeug.wrappers import Response

from marketplace.advisory.advice import cards_for
from marketplace.advisory.alerts import remove_alert, set_alert
from marketplace.advisory.asking import answer_from_base, ask_person, withdraw_question
from marketplace.advisory.entitlements import entitlements
from marketplace.advisory.models import Direction
from marketplace.advisory.prices import priced_goods, sources
from marketplace.advisory.queries import alerts_of, get_own_alert, get_own_question, questions_of
from marketplace.advisory.relevance import LONGEST_QUESTION
from marketplace.catalogue.models import Listing, Product
from marketplace.catalogue.queries import producer_of
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, NotFound
from marketplace.web.access import account, allow
from marketplace.web.advisory_words import DIRECTIONS, alert_words, article_words, question_words, reasons_in_words
from marketplace.web.forms import FormSchema, Text, Yuan, read_form
from marketplace.web.languages import pick
from marketplace.web.own_household import own_household
from marketplace.web.portals.farm_frame import farm_pages
from marketplace.web.redirects import see_other

blueprint = Blueprint("producer_advice", __name__, url_prefix="/farm/advice")
farm_pages(blueprint)
_LONG = N_("Please write less.")


class QuestionForm(FormSchema):
    """A question; ``person`` asks past the articles."""

    question = Text(required=True, validate=validate.Length(max=LONGEST_QUESTION, error=_LONG))
    person = fields.Boolean(load_default=False)


class AlertForm(FormSchema):
    """A price to be told of."""

    product = Text(required=True, validate=validate.Length(max=40, error=_LONG))
    direction = Text(required=True, validate=validate.OneOf([direction.value for direction in Direction]))
    price = Yuan(required=True)


def own_area() -> str:
    """The village of the account's own farm.

    Raises
    ------
    NotFound
        ``farm_unknown``.
    """
    producer = producer_of(account().id)
    if producer is None:
        raise NotFound("farm_unknown", N_("There is no farm for your account."))
    return producer.area_code


@blueprint.get("")
@allow(RoleKind.FARMER)
def start() -> str:
    """Where one asks, what the month asks for, and what one has asked."""
    today = local_day(clock.now())
    producer = producer_of(account().id)
    own = select(Product.slug).join(Listing).where(Listing.producer_id == (producer.id if producer else None))
    cards = cards_for(today.month, frozenset(db.session.scalars(own)))
    return render_template(
        "producer/advice.html",
        longest=LONGEST_QUESTION,
        questions=[question_words(row, today) for row in questions_of(account().id)],
        cards=[
            {"title": pick(card.title, card.title_en), "words": pick(card.words, card.words_en), "source": card.source}
            for card in cards
        ],
    )


@blueprint.post("/ask")
@allow(RoleKind.FARMER)
def ask() -> Response:
    """Answer from the articles, or put the question before an officer."""
    form, now = read_form(QuestionForm()), clock.now()
    area = own_area()
    if not form["person"] and answer_from_base(form["question"], area, local_day(now)).articles:
        return see_other(url_for("producer_advice.answer", question=form["question"]))
    with transaction():
        row = ask_person(form["question"], area, by=account(), now=now)
    flash(_("An officer of your area will answer."), "success")
    return see_other(url_for("producer_advice.question", public_id=row.public_id))


@blueprint.get("/answer")
@allow(RoleKind.FARMER)
def answer() -> str:
    """The articles that answer a question, the best first."""
    asked, today = request.args.get("question", "")[:LONGEST_QUESTION], local_day(clock.now())
    found = answer_from_base(asked, own_area(), today)
    return render_template(
        "producer/advice_answer.html",
        question=asked,
        today=today,
        articles=[{**article_words(row.article, today), "relevance": row.relevance} for row in found.articles],
    )


@blueprint.get("/questions/<public_id>")
@allow(RoleKind.FARMER)
def question(public_id: str) -> str:
    """One's own question and its answer."""
    row = get_own_question(public_id, account().id)
    return render_template("producer/advice_question.html", question=question_words(row, local_day(clock.now())))


@blueprint.post("/questions/<public_id>/withdraw")
@allow(RoleKind.FARMER)
def withdraw(public_id: str) -> Response:
    """Take a question back."""
    with transaction():
        withdraw_question(get_own_question(public_id, account().id), by=account(), now=clock.now())
    flash(_("Your question is taken back."), "success")
    return see_other(url_for("producer_advice.start"))


@blueprint.get("/mine")
@allow(RoleKind.FARMER)
def mine() -> str:
    """What one's own household is entitled to, with the reasons in its file."""
    household, today = own_household(), local_day(clock.now())
    facts, found = entitlements(household, today)
    return render_template(
        "producer/advice_mine.html",
        facts=reasons_in_words(facts),
        found=[{**article_words(row.article, today), "reasons": reasons_in_words(row.reasons)} for row in found],
    )


@blueprint.get("/alerts")
@allow(RoleKind.FARMER)
def alerts() -> str:
    """One's alerts, and a new one."""
    rows = alerts_of(account().id)
    goods = [priced.product for source in sources()[:1] for priced in priced_goods(source)]
    wanted = db.session.scalars(select(Product).where(Product.id.in_({row.product_id for row in rows})))
    names = {product.id: pick(product.name_zh, product.name_en) for product in wanted}
    return render_template(
        "producer/advice_alerts.html",
        alerts=[alert_words(row, names) for row in rows],
        goods=[(product.slug, pick(product.name_zh, product.name_en)) for product in goods],
        directions=[(direction.value, _(words)) for direction, words in DIRECTIONS.items()],
        chosen=request.args.get("product"),
    )


@blueprint.post("/alerts")
@allow(RoleKind.FARMER)
def add_alert() -> Response:
    """Wait for a price."""
    form = read_form(AlertForm())
    with transaction():
        goods = product_called(form["product"])
        set_alert(goods.id, Direction(form["direction"]), form["price"], by=account(), now=clock.now())
    flash(_("We will tell you once."), "success")
    return see_other(url_for("producer_advice.alerts"))


@blueprint.post("/alerts/<public_id>/remove")
@allow(RoleKind.FARMER)
def drop_alert(public_id: str) -> Response:
    """Wait no longer."""
    with transaction():
        remove_alert(get_own_alert(public_id, account().id), by=account(), now=clock.now())
    flash(_("The alert is removed."), "success")
    return see_other(url_for("producer_advice.alerts"))


def product_called(slug: str) -> Any:
    """A kind of goods by its slug, or ``NotFound``."""
    found = db.session.scalars(select(Product).filter_by(slug=slug)).first()
    if found is None:
        raise NotFound("goods_unknown", N_("There are no such goods."))
    return found
