"""Portal: the office's desk of questions, the base of documents, a household's entitlements, the gap village by village."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.advisory.article_lists import read_articles
from marketplace.advisory.asking import LONGEST_ANSWER, answer_from_base, answer_question
from marketplace.advisory.documents import Heading, end_document, enter_document, may_enter, replace_document
from marketplace.advisory.entitlements import entitlements
from marketplace.advisory.models import Nature, PolicyDocument
from marketplace.advisory.queries import (
    answered_questions,
    documents_for,
    get_document,
    get_question_within,
    versions_of,
    waiting_questions,
)
from marketplace.dashboard.queries import Only, sales_and_total
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.registry.files import get_household_within
from marketplace.registry.reading_log import FILE, note_reading
from marketplace.web.access import account, allow, office_reach
from marketplace.web.advisory_words import NATURES, article_words, document_words, question_words, reasons_in_words
from marketplace.web.errors import errors_by_field
from marketplace.web.filters import percent
from marketplace.web.forms import FormError, FormSchema, Text, read_form
from marketplace.web.languages import pick
from marketplace.web.notices.advice import tell_answer
from marketplace.web.places import place_name
from marketplace.web.portals.officer.areas import areas_to_choose, office_area
from marketplace.web.portals.sales_parts import gap_headline
from marketplace.web.redirects import see_other

blueprint = Blueprint("advice", __name__, url_prefix="/advice")
_LONG = N_("Please write less.")
_NATION = "nation"
# A year, so that every season is in it.
_GAP_DAYS = 365


class AnswerForm(FormSchema):
    """An answer, and whether it becomes an article."""

    answer = Text(required=True, validate=validate.Length(max=LONGEST_ANSWER, error=_LONG))
    publish = fields.Boolean(load_default=False)
    title = Text(load_default=None, validate=validate.Length(max=160, error=_LONG))
    valid_until = fields.Date(load_default=None)


class DocumentForm(FormSchema):
    """A document's head and its articles."""

    nature = Text(required=True, validate=validate.OneOf([Nature.ORIGINAL.value, Nature.SUMMARY.value]))
    area = Text(required=True, validate=validate.Length(max=12))
    issuer = Text(required=True, validate=validate.Length(max=80, error=_LONG))
    title = Text(required=True, validate=validate.Length(max=160, error=_LONG))
    number = Text(required=True, validate=validate.Length(max=60, error=_LONG))
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(load_default=None)
    source = Text(required=True, validate=validate.Length(max=300, error=_LONG))
    articles = Text(required=True, validate=validate.Length(max=200_000, error=_LONG))


class EndForm(FormSchema):
    """The last day of a document."""

    last_day = fields.Date(required=True)


@blueprint.get("")
@allow(RoleKind.OFFICER)
def desk() -> str:
    """The questions that wait, those due first, and those answered last."""
    today, reach = local_day(clock.now()), office_reach()
    return render_template(
        "officer/advice.html",
        area=office_area(None),
        waiting=[question_words(row, today) for row in waiting_questions(reach)],
        answered=[question_words(row, today) for row in answered_questions(reach)],
    )


@blueprint.get("/questions/<public_id>")
@allow(RoleKind.OFFICER)
def question(public_id: str) -> str:
    """A question, the articles that came near, and the answer to be written."""
    return _question_page(public_id, {}, {})


def _question_page(public_id: str, form: dict[str, Any], errors: dict[str, str]) -> str:
    row, today = get_question_within(public_id, office_reach()), local_day(clock.now())
    near = answer_from_base(row.words, row.area_code, today)
    return render_template(
        "officer/advice_question.html",
        area=office_area(None),
        question=question_words(row, today),
        near=[article_words(found.article, today) for found in near.articles],
        next_year=today.replace(year=today.year + 1, day=min(today.day, 28)).isoformat(),
        form=form,
        errors=errors,
    )


@blueprint.post("/questions/<public_id>")
@allow(RoleKind.OFFICER)
def answer(public_id: str) -> Response | tuple[str, int]:
    """Answer, and with the box ticked let the answer become an article for one's area."""
    try:
        form, now = read_form(AnswerForm()), clock.now()
        with transaction():
            row = get_question_within(public_id, office_reach())
            publish = None
            if form["publish"]:
                missing = {name: _("Please fill this in.") for name in ("title", "valid_until") if form[name] is None}
                if missing:
                    raise FormError(missing)
                publish = _published(form)
            answer_question(row, form["answer"], by=account(), now=now, publish=publish)
            tell_answer(row, now=now)
    except Invalid as error:
        return _question_page(public_id, request.form.to_dict(), errors_by_field(error)), 422
    flash(_("The answer is sent."), "success")
    return see_other(url_for("officer.advice.desk"))


def _published(form: dict[str, Any]) -> Heading:
    area, today = office_area(None), local_day(clock.now())
    return Heading(
        nature=Nature.ANSWER,
        area_code=area.code,
        issuer=area.name,
        title=form["title"],
        number="",
        valid_from=today,
        valid_until=form["valid_until"],
        source=str(_("Answer of the office of %(area)s", area=area.name)),
    )


@blueprint.get("/documents")
@allow(RoleKind.OFFICER)
def documents() -> str:
    """Every document that holds, held or will hold for one's areas."""
    today = local_day(clock.now())
    rows = [{**document_words(row, today), "articles": len(row.articles)} for row in documents_for(office_reach())]
    return render_template("officer/advice_documents.html", area=office_area(None), documents=rows)


@blueprint.get("/documents/new")
@allow(RoleKind.OFFICER)
def new_document() -> str:
    """A document to be entered."""
    return _document_form(None, {"valid_from": local_day(clock.now()).isoformat()}, {})


@blueprint.post("/documents")
@allow(RoleKind.OFFICER)
def add_document() -> Response | tuple[str, int]:
    """Enter a document."""
    return _entered(None)


@blueprint.get("/documents/<public_id>")
@allow(RoleKind.OFFICER)
def document(public_id: str) -> str:
    """A document with its articles and versions."""
    row, today = get_document(public_id), local_day(clock.now())
    return render_template(
        "officer/advice_document.html",
        area=office_area(None),
        document=document_words(row, today),
        articles=[article_words(each, today) for each in row.articles],
        versions=[document_words(each, today) for each in versions_of(row)],
        mine=may_enter(account(), row.area_code),
        today=today.isoformat(),
    )


@blueprint.get("/documents/<public_id>/version")
@allow(RoleKind.OFFICER)
def new_version(public_id: str) -> str:
    """A newer version to be entered, with what stays the same filled in."""
    row = get_document(public_id)
    form = {name: getattr(row, name) for name in ("issuer", "title", "number", "source", "nature")}
    form |= {"area": row.area_code or _NATION, "valid_from": local_day(clock.now()).isoformat()}
    return _document_form(row, form, {})


@blueprint.post("/documents/<public_id>/version")
@allow(RoleKind.OFFICER)
def add_version(public_id: str) -> Response | tuple[str, int]:
    """Enter a newer version."""
    return _entered(get_document(public_id))


@blueprint.post("/documents/<public_id>/end")
@allow(RoleKind.OFFICER)
def end(public_id: str) -> Response:
    """Say on which day a document holds last."""
    form = read_form(EndForm())
    with transaction():
        end_document(get_document(public_id), form["last_day"], by=account(), now=clock.now())
    flash(_("The last day is set."), "success")
    return see_other(url_for("officer.advice.document", public_id=public_id))


def _entered(old: PolicyDocument | None) -> Response | tuple[str, int]:
    try:
        form, now = read_form(DocumentForm()), clock.now()
        drafts = read_articles(form.pop("articles"))
        area = form.pop("area")
        with transaction():
            code = None if area == _NATION else office_reach().check(area)
            heading = Heading(**{**form, "nature": Nature(form["nature"])}, area_code=code)
            if old is None:
                row = enter_document(heading, drafts, by=account(), now=now)
            else:
                row = replace_document(old, heading, drafts, by=account(), now=now)
    except Invalid as error:
        return _document_form(old, request.form.to_dict(), errors_by_field(error)), 422
    flash(_("The document is in the base."), "success")
    return see_other(url_for("officer.advice.document", public_id=row.public_id))


def _document_form(old: PolicyDocument | None, form: dict[str, Any], errors: dict[str, str]) -> str:
    area = office_area(None)
    areas = areas_to_choose(area)
    if may_enter(account(), None):
        areas = [(_NATION, _("Nationwide")), *areas]
    return render_template(
        "officer/advice_document_new.html",
        area=area,
        old=None if old is None else old.public_id,
        areas=areas,
        natures=[(nature.value, _(NATURES[nature])) for nature in (Nature.ORIGINAL, Nature.SUMMARY)],
        form={"area": area.code, **form},
        errors=errors,
    )


@blueprint.get("/households/<public_id>")
@allow(RoleKind.OFFICER)
def household(public_id: str) -> str:
    """What a household of one's areas is entitled to, with the reasons in its file."""
    now = clock.now()
    today = local_day(now)
    with transaction():
        row = get_household_within(public_id, office_reach())
        note_reading(row, account(), FILE, now=now)
        facts, found = entitlements(row, today)
    return render_template(
        "officer/advice_household.html",
        area=office_area(None),
        code=row.code,
        public_id=public_id,
        facts=reasons_in_words(facts),
        found=[{**article_words(each.article, today), "reasons": reasons_in_words(each.reasons)} for each in found],
    )


@blueprint.get("/gap")
@allow(RoleKind.OFFICER)
def gap() -> str:
    """What producers got beside wholesale prices, village by village, for one kind of goods or all."""
    area, today = office_area(request.args.get("area") or None), local_day(clock.now())
    first = today - timedelta(days=_GAP_DAYS - 1)
    wanted = request.args.get("product") or None
    rows, total = sales_and_total(area.code, first, today, by="area", only=Only(product=wanted))
    sold, _all = sales_and_total(area.code, first, today, by="product")
    goods = [(row.key, pick(row.name_zh, row.name_en)) for row in sold if row.wholesale_fen]
    return render_template(
        "officer/advice_gap.html",
        area=area,
        areas=areas_to_choose(area),
        goods=[("", _("All goods")), *goods],
        product=wanted or "",
        rows=[
            {
                "village": place_name(row.name_zh),
                "got": row.farm_gate_fen,
                "market": row.wholesale_fen,
                "gap": percent((row.farm_gate_fen - row.wholesale_fen) / row.wholesale_fen),
            }
            for row in rows
            if row.wholesale_fen
        ],
        headline=gap_headline(place_name(area.name), total),
        first=first,
        last=today,
    )
