"""Answers and prices for programs: articles, questions, documents, entitlements, market prices, alerts."""

from datetime import date
from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.advisory.alerts import HIGHEST_FEN, remove_alert, set_alert
from marketplace.advisory.article_lists import LONGEST_HEADING, LONGEST_WORDS, MOST_ARTICLES, Draft, check_articles
from marketplace.advisory.asking import LONGEST_ANSWER, answer_from_base, answer_question, ask_person, withdraw_question
from marketplace.advisory.documents import Heading, end_document, enter_document, replace_document
from marketplace.advisory.entitlements import entitlements
from marketplace.advisory.facts import WORDS
from marketplace.advisory.models import Direction, Nature, PolicyArticle, PolicyDocument, PolicyQuestion, PriceAlert
from marketplace.advisory.prices import index_of, newest_day, sources, weekly_series
from marketplace.advisory.queries import (
    alerts_of,
    documents_for,
    get_article,
    get_document,
    get_own_alert,
    get_own_question,
    get_question_within,
    questions_of,
    waiting_questions,
)
from marketplace.advisory.relevance import LONGEST_QUESTION
from marketplace.advisory.states import AlertState, QuestionState
from marketplace.catalogue.models import Product
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.registry.files import get_household_within
from marketplace.registry.reading_log import API, note_reading
from marketplace.web.access import PUBLIC, account, allow, office_reach
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.inputs import AREA, SLUG, FenField, InputSchema, Line, Prose, QueryDay, Spelled
from marketplace.web.api.schemas import OutputSchema
from marketplace.web.notices.advice import tell_answer
from marketplace.web.own_household import own_household
from marketplace.web.portals.producer_advice import own_area, product_called

blueprint: Blueprint = ApiBlueprint("api-advice", __name__, url_prefix="/api/v1", description="Answers and prices")
_NATURES = [nature.value for nature in Nature]


class PolicyDocumentSchema(OutputSchema):
    """A version of a document; ``area_code`` is null for the nation."""

    public_id = fields.String()
    version = fields.Integer()
    nature = fields.String(validate=validate.OneOf(_NATURES))
    area_code = fields.String(allow_none=True)
    issuer = fields.String()
    title = fields.String()
    number = fields.String()
    valid_from = fields.Date()
    valid_until = fields.Date(allow_none=True)
    source = fields.String()


class PolicyArticleSchema(OutputSchema):
    """An article with its document."""

    public_id = fields.String()
    heading = fields.String()
    words = fields.String()
    heading_en = fields.String(metadata={"description": "Empty where there is no translation"})
    words_en = fields.String()
    document = fields.Nested(PolicyDocumentSchema)


class FoundArticleSchema(OutputSchema):
    """An article that answers, with its relevance from 0 to below 1."""

    article = fields.Nested(PolicyArticleSchema)
    relevance = fields.Float()


class AnsweredEntitlementSchema(OutputSchema):
    """An article on a fact of a household's file."""

    article = fields.Nested(PolicyArticleSchema)
    reasons = fields.List(fields.String(validate=validate.OneOf(list(WORDS))))


class PolicyQuestionSchema(OutputSchema):
    """A question to a person; ``due_on`` is null where the holidays of the year are not known."""

    public_id = fields.String()
    reference = fields.String()
    words = fields.String()
    asked_at = fields.AwareDateTime()
    due_on = fields.Date(allow_none=True)
    state = fields.String(validate=validate.OneOf([state.value for state in QuestionState]))
    answer = fields.String()


class AskedSchema(OutputSchema):
    """Articles that answer, or else the question that now waits for a person."""

    articles = fields.List(fields.Nested(FoundArticleSchema))
    question = fields.Nested(PolicyQuestionSchema, allow_none=True)


class QuestionInSchema(InputSchema):
    """A question; with ``person`` it goes past the articles."""

    question = Line(LONGEST_QUESTION, required=True)
    person = fields.Boolean(load_default=False)


class AnswerInSchema(InputSchema):
    """An answer; with ``publish`` it becomes an article too."""

    answer = Prose(LONGEST_ANSWER, required=True)
    publish = fields.Nested("AnswerArticleSchema", load_default=None, allow_none=True)


class AnswerArticleSchema(InputSchema):
    """How an answer stands in the base."""

    area_code = Spelled(AREA, most=12, required=True)
    issuer = Line(80, required=True)
    title = Line(160, required=True)
    valid_until = QueryDay(required=True)
    source = Line(300, required=True)


class ArticleInSchema(InputSchema):
    """An article of a document."""

    heading = Line(LONGEST_HEADING, required=True)
    words = Prose(LONGEST_WORDS, required=True)
    heading_en = Line(LONGEST_HEADING, load_default="")
    words_en = Prose(LONGEST_WORDS, load_default="", may_be_empty=True)
    facts = fields.List(fields.String(validate=validate.OneOf(list(WORDS))), load_default=list)


class DocumentInSchema(InputSchema):
    """A document with its articles; without an area it is the nation's."""

    nature = fields.String(required=True, validate=validate.OneOf([Nature.ORIGINAL.value, Nature.SUMMARY.value]))
    area_code = Spelled(AREA, most=12, load_default=None, allow_none=True)
    issuer = Line(80, required=True)
    title = Line(160, required=True)
    number = Line(60, required=True)
    valid_from = QueryDay(required=True)
    valid_until = QueryDay(load_default=None, allow_none=True)
    source = Line(300, required=True)
    articles = fields.List(fields.Nested(ArticleInSchema), required=True, validate=validate.Length(1, MOST_ARTICLES))


class LastDaySchema(InputSchema):
    """The last day on which a document holds."""

    last_day = QueryDay(required=True)


class PriceWeekSchema(OutputSchema):
    """A week of a kind of goods in fen per 500 g; null is a gap."""

    begins_on = fields.Date()
    low_fen = fields.Integer(allow_none=True)
    average_fen = fields.Integer(allow_none=True)
    high_fen = fields.Integer(allow_none=True)
    days = fields.Integer()


class PriceIndexWeekSchema(OutputSchema):
    """The chained Jevons index of a week, the first one's being 100; null is a gap."""

    begins_on = fields.Date()
    index = fields.Float(allow_none=True)
    matched = fields.Integer()


class PriceAlertSchema(OutputSchema):
    """A price that somebody waits for, in fen per 500 g."""

    public_id = fields.String()
    product = fields.String()
    direction = fields.String(validate=validate.OneOf([direction.value for direction in Direction]))
    price_fen = fields.Integer()
    state = fields.String(validate=validate.OneOf([state.value for state in AlertState]))
    reached_on = fields.Date(allow_none=True)
    reached_fen = fields.Integer(allow_none=True)


class PriceAlertInSchema(InputSchema):
    """A price to be told of."""

    product = Spelled(SLUG, most=40, required=True)
    direction = fields.String(required=True, validate=validate.OneOf([direction.value for direction in Direction]))
    price_fen = FenField(least=1, required=True, metadata={"description": f"At most {HIGHEST_FEN}"})


@blueprint.get("/advice/articles/<public_id:public_id>")
@allow(PUBLIC)
@blueprint.response(200, PolicyArticleSchema)
@problems(404)
def policy_article(public_id: str) -> PolicyArticle:
    """An article of the policy base, also one that does not hold any more."""
    return get_article(public_id)


@blueprint.post("/advice/questions")
@only(RoleKind.FARMER)
@blueprint.arguments(QuestionInSchema)
@blueprint.response(200, AskedSchema)
@problems(404, 409, *BODY)
def policy_ask(given: dict[str, Any]) -> dict[str, Any]:
    """Ask: answered by articles where one is relevant enough, else put before an officer of your area."""
    area, now = own_area(), clock.now()
    found = answer_from_base(given["question"], area, local_day(now)).articles
    if found and not given["person"]:
        return {"articles": found, "question": None}
    with transaction():
        return {"articles": [], "question": ask_person(given["question"], area, by=account(), now=now)}


@blueprint.get("/advice/questions")
@only(RoleKind.FARMER)
@blueprint.response(200, PolicyQuestionSchema(many=True))
def policy_questions() -> Any:
    """Your own questions to a person."""
    return questions_of(account().id)


@blueprint.post("/advice/questions/<public_id:public_id>/withdraw")
@only(RoleKind.FARMER)
@blueprint.response(200, PolicyQuestionSchema)
@problems(404, 409)
def policy_question_withdraw(public_id: str) -> PolicyQuestion:
    """Take your question back."""
    with transaction():
        row = get_own_question(public_id, account().id)
        withdraw_question(row, by=account(), now=clock.now())
        return row


@blueprint.get("/advice/entitlements")
@only(RoleKind.FARMER)
@blueprint.response(200, AnsweredEntitlementSchema(many=True))
@problems(404)
def own_entitlements() -> Any:
    """What your own household is entitled to, with the reasons in its file."""
    return entitlements(own_household(), local_day(clock.now()))[1]


@blueprint.get("/advice/office/questions")
@only(RoleKind.OFFICER)
@blueprint.response(200, PolicyQuestionSchema(many=True))
def office_questions() -> Any:
    """The questions of your areas that wait, those due first."""
    return waiting_questions(office_reach())


@blueprint.post("/advice/office/questions/<public_id:public_id>/answer")
@only(RoleKind.OFFICER)
@blueprint.arguments(AnswerInSchema)
@blueprint.response(200, PolicyQuestionSchema)
@problems(404, 409, *BODY)
def office_answer(given: dict[str, Any], public_id: str) -> PolicyQuestion:
    """Answer; `already_answered` (409) when somebody has."""
    now = clock.now()
    with transaction():
        row, reach = get_question_within(public_id, office_reach()), office_reach()
        publish = None
        if given["publish"] is not None:
            reach.check(given["publish"]["area_code"])
            publish = Heading(nature=Nature.ANSWER, number="", valid_from=local_day(now), **given["publish"])
        answer_question(row, given["answer"], by=account(), now=now, publish=publish)
        tell_answer(row, now=now)
        return row


@blueprint.get("/advice/office/households/<public_id:public_id>/entitlements")
@only(RoleKind.OFFICER)
@blueprint.response(200, AnsweredEntitlementSchema(many=True))
@problems(404)
def household_entitlements(public_id: str) -> Any:
    """What a household of your areas is entitled to; the reading is noted on its file."""
    now = clock.now()
    with transaction():
        household = get_household_within(public_id, office_reach())
        note_reading(household, account(), API, now=now)
        return entitlements(household, local_day(now))[1]


@blueprint.get("/advice/office/documents")
@only(RoleKind.OFFICER)
@blueprint.response(200, PolicyDocumentSchema(many=True))
def policy_documents() -> Any:
    """The newest version of every document of your areas, those above them and the nation."""
    return documents_for(office_reach())


@blueprint.post("/advice/office/documents")
@only(RoleKind.OFFICER)
@blueprint.arguments(DocumentInSchema)
@blueprint.response(201, PolicyDocumentSchema)
@problems(404, *BODY)
def policy_document_enter(given: dict[str, Any]) -> PolicyDocument:
    """Enter a document; the nation's only by officers of a province."""
    with transaction():
        return enter_document(*_given(given), by=account(), now=clock.now())


@blueprint.post("/advice/office/documents/<public_id:public_id>/versions")
@only(RoleKind.OFFICER)
@blueprint.arguments(DocumentInSchema)
@blueprint.response(201, PolicyDocumentSchema)
@problems(404, 409, *BODY)
def policy_document_replace(given: dict[str, Any], public_id: str) -> PolicyDocument:
    """Enter a newer version; `version_old` (409) when there is one already."""
    with transaction():
        return replace_document(get_document(public_id), *_given(given), by=account(), now=clock.now())


@blueprint.post("/advice/office/documents/<public_id:public_id>/end")
@only(RoleKind.OFFICER)
@blueprint.arguments(LastDaySchema)
@blueprint.response(200, PolicyDocumentSchema)
@problems(404, *BODY)
def policy_document_end(given: dict[str, date], public_id: str) -> PolicyDocument:
    """Say on which day a document holds last."""
    with transaction():
        row = get_document(public_id)
        end_document(row, given["last_day"], by=account(), now=clock.now())
        return row


def _given(given: dict[str, Any]) -> tuple[Heading, list[Draft]]:
    head = {name: value for name, value in given.items() if name != "articles"}
    if head["area_code"] is not None:
        office_reach().check(head["area_code"])
    drafts = [Draft(**{**article, "facts": tuple(article["facts"])}) for article in given["articles"]]
    return Heading(**{**head, "nature": Nature(head["nature"])}), check_articles(drafts)


@blueprint.get("/market-prices/index")
@allow(PUBLIC)
@blueprint.response(200, PriceIndexWeekSchema(many=True))
def market_price_index() -> list[dict[str, Any]]:
    """The chained index over all goods, week by week for a year; empty without prices."""
    source = next(iter(sources()), None)
    last = newest_day(source) if source else None
    if source is None or last is None:
        return []
    points = index_of(source, last)
    return [{"begins_on": day, "index": point.value, "matched": point.matched} for day, point in points.items()]


@blueprint.get("/market-prices/goods/<slug>")
@allow(PUBLIC)
@blueprint.response(200, PriceWeekSchema(many=True))
@problems(404)
def market_price_series(slug: str) -> Any:
    """A year of prices of one kind of goods, week by week; empty without prices."""
    product, source = product_called(slug), next(iter(sources()), None)
    last = newest_day(source) if source else None
    return weekly_series(product.id, source, last) if source and last else []


@blueprint.get("/advice/price-alerts")
@only(RoleKind.FARMER)
@blueprint.response(200, PriceAlertSchema(many=True))
def price_alerts() -> list[dict[str, Any]]:
    """Your alerts that are not removed."""
    return [_alert(row) for row in alerts_of(account().id)]


@blueprint.post("/advice/price-alerts")
@only(RoleKind.FARMER)
@blueprint.arguments(PriceAlertInSchema)
@blueprint.response(201, PriceAlertSchema)
@problems(404, 409, *BODY)
def price_alert_set(given: dict[str, Any]) -> dict[str, Any]:
    """Wait for a price; the same wish twice is one alert."""
    with transaction():
        goods = product_called(given["product"])
        return _alert(set_alert(goods.id, Direction(given["direction"]), given["price_fen"], by=account(), now=clock.now()))


@blueprint.post("/advice/price-alerts/<public_id:public_id>/remove")
@only(RoleKind.FARMER)
@blueprint.response(200, PriceAlertSchema)
@problems(404)
def price_alert_remove(public_id: str) -> dict[str, Any]:
    """Wait no longer."""
    with transaction():
        row = get_own_alert(public_id, account().id)
        remove_alert(row, by=account(), now=clock.now())
        return _alert(row)


def _alert(row: PriceAlert) -> dict[str, Any]:
    names = ("public_id", "direction", "price_fen", "state", "reached_on", "reached_fen")
    return {**{name: getattr(row, name) for name in names}, "product": db.session.get_one(Product, row.product_id).slug}
