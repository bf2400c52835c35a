"""The farmer's side: what enterprises ask for, one's own answers, and signing what the buyer's scales say."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import validate
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.wrappers import Response

from marketplace.catalogue.models import Listing
from marketplace.identity.models import Scope
from marketplace.kernel import clock
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, DomainError
from marketplace.sourcing import accepting, demands, quoting, tendering
from marketplace.sourcing.answering import open_demands_for, own_goods_for
from marketplace.sourcing.models import Contract, ContractPart, Demand, DemandWay, Quote, TenderBid
from marketplace.sourcing.price_book import PriceBook, prices_for
from marketplace.sourcing.quoting import Figures
from marketplace.sourcing.states import PartState, QuoteState
from marketplace.web.acceptance_pictures import pictures_of
from marketplace.web.acting import acting, by_mandate, current_seller
from marketplace.web.errors import message_of, status_of
from marketplace.web.filters import yuan
from marketplace.web.forms import Amount, FormSchema, Text, Yuan, read_form
from marketplace.web.languages import pick
from marketplace.web.portals.farm_frame import farm_pages
from marketplace.web.redirects import see_other
from marketplace.web.sourcing_words import certificate_name, chip, goods_name, grade_name, reason_words

blueprint = Blueprint("producer_requests", __name__, url_prefix="/farm/requests")
farm_pages(blueprint)

_WITH_GOODS = (
    joinedload(ContractPart.listing),
    joinedload(ContractPart.contract).joinedload(Contract.enterprise),
    selectinload(ContractPart.records),
)
_WAYS = (DemandWay.QUOTES, DemandWay.TENDER)


class AnswerForm(FormSchema):
    """How much of which goods, at which price of a kilogram."""

    listing = Text(required=True, error_messages={"required": N_("Please choose your goods.")})
    kg = Amount(required=True, error_messages={"required": N_("Please say how many kilograms.")})
    price = Yuan(required=True, error_messages={"required": N_("Please say the price of a kilogram.")})
    words = Text(load_default="", validate=validate.Length(max=400))


class CounterForm(FormSchema):
    """Yes to the buyer's figures, or figures of one's own."""

    kg = Amount(load_default=None)
    price = Yuan(load_default=None)
    words = Text(load_default="", validate=validate.Length(max=400))


class QuestionForm(FormSchema):
    """Why one does not agree with what was weighed."""

    words = Text(load_default="", validate=validate.Length(max=400))


@blueprint.get("/")
@by_mandate(Scope.LIST, Scope.SHIP, any_of=True)
def listed() -> str:
    """What is asked for that one grows, what one has answered, and what waits for one's word."""
    return _page()


def _page(wrong: str | None = None, refused: str | None = None) -> str:
    seller, now = current_seller(), clock.now()
    own = seller.producer.id
    may_answer = seller.may(Scope.LIST)
    wanted = open_demands_for(own, _WAYS, now=now) if may_answer else []
    return render_template(
        "producer/requests.html",
        wanted=_wanted(wanted, own),
        quotes=[_quote(row) for row in quoting.quotes_of(own)] if may_answer else [],
        to_sign=[_weighed(row) for row in _to_sign(own)] if seller.may(Scope.SHIP) else [],
        settled=[_weighed(row) for row in _settled(own)] if seller.may(Scope.SHIP) else [],
        wrong=wrong,
        refused=refused,
        typed=request.form,
    )


def _wanted(wanted: Sequence[Demand], producer_id: int) -> list[dict[str, Any]]:
    """What is asked for, with the goods that the seller has not answered with yet; each table is asked once for all."""
    live = (QuoteState.OFFERED, QuoteState.COUNTERED, QuoteState.CHOSEN)
    own, ids = Quote.producer_id == producer_id, [row.id for row in wanted]
    quoted = select(Quote.demand_id, Quote.listing_id).where(own, Quote.demand_id.in_(ids), Quote.state.in_(live))
    answered = {tuple(row) for row in db.session.execute(quoted)}
    goods, bids = own_goods_for(producer_id, wanted), tendering.own_bids(producer_id, ids)
    prices = prices_for([(demand, listing) for demand in wanted for listing in goods[demand.id]])
    rows = []
    for demand in wanted:
        left = [listing for listing in goods[demand.id] if (demand.id, listing.id) not in answered]
        options = [(listing.public_id, _option(demand, listing, prices)) for listing in left]
        rows.append(_demand(demand, bids.get(demand.id), options))
    return rows


def _demand(demand: Demand, bid: TenderBid | None, options: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "public_id": demand.public_id,
        "goods": goods_name(demand),
        "buyer": demand.enterprise.name,
        "grams": sum(row.wanted_g for row in demand.deliveries),
        "deliveries": demand.deliveries,
        "ceiling_fen": demand.price_ceiling_fen_kg,
        "grade": grade_name(demand.grade),
        "certificates": [certificate_name(kind) for kind in demand.certificate_kinds],
        "words": demand.words,
        "answer_by_at": demand.answer_by_at,
        "is_tender": demand.way == DemandWay.TENDER,
        "bid": bid,
        "options": options,
    }


def _option(demand: Demand, listing: Listing, prices: PriceBook) -> str:
    """Goods by name, with the price that the farm's own list has for all that is wanted."""
    title = pick(listing.title_zh, listing.title_en)
    listed = prices.for_demand(demand, listing, sum(row.wanted_g for row in demand.deliveries))
    if listed is None or not listed.binds:
        return title
    return _("%(goods)s · by your price list %(price)s a kilogram", goods=title, price=yuan(listed.fen_kg))


def _quote(row: Quote) -> dict[str, Any]:
    label, tone = chip(QuoteState(row.state))
    countered = row.state == QuoteState.COUNTERED
    return {
        "public_id": row.public_id,
        "goods": pick(row.listing.title_zh, row.listing.title_en),
        "buyer": row.demand.enterprise.name,
        "grams": row.grams,
        "kg": f"{row.grams / 1000:g}",
        "fen_kg": row.fen_kg,
        "price": f"{row.fen_kg / 100:g}",
        "state": _("Your answer, please") if countered else label,
        "tone": tone,
        "countered": countered,
        "live": row.state in (QuoteState.OFFERED, QuoteState.COUNTERED),
        "due_at": row.due_at,
        "words": row.rounds[-1].words if countered else "",
    }


def _to_sign(producer_id: int) -> list[ContractPart]:
    return list(
        db.session.scalars(
            select(ContractPart)
            .filter_by(producer_id=producer_id, state=PartState.WEIGHED)
            .options(*_WITH_GOODS)
            .order_by(ContractPart.due_at)
        )
    )


def _settled(producer_id: int) -> list[ContractPart]:
    """The newest parts that were weighed and are settled; what nobody weighed has nothing to show."""
    ended = (PartState.ACCEPTED, PartState.REFUSED)
    query = select(ContractPart).where(
        ContractPart.producer_id == producer_id, ContractPart.state.in_(ended), ContractPart.records.any()
    )
    return list(db.session.scalars(query.options(*_WITH_GOODS).order_by(ContractPart.id.desc()).limit(10)))


def _weighed(part: ContractPart) -> dict[str, Any]:
    record = part.records[-1]
    return {
        "public_id": part.public_id,
        "goods": pick(part.listing.title_zh, part.listing.title_en),
        "buyer": part.contract.enterprise.name,
        "grams": part.grams,
        "weighed_g": record.weighed_g,
        "accepted_g": record.accepted_g,
        "refused_g": record.refused_g,
        "because": record.refused_because,
        "goes_back": record.refused_goes == "back",
        "short_g": part.short_g,
        "reason": reason_words(part.reason),
        "due_at": part.due_at,
        "pictures": pictures_of(record),
    }


def _no(name: str, error: DomainError) -> tuple[str, int]:
    said = "；".join(error.fields.values()) if isinstance(getattr(error, "fields", None), Mapping) else message_of(error)
    return _page(name, said), status_of(error)


def _done(said: str) -> Response:
    flash(said, "success")
    return see_other(url_for("producer_requests.listed"))


@blueprint.post("/<public_id>")
@by_mandate(Scope.LIST)
def answer(public_id: str) -> Response | tuple[str, int]:
    """Offer goods: a quote, or a sealed bid where it is a tender."""
    now, producer = clock.now(), current_seller().producer
    try:
        form = read_form(AnswerForm())
        grams = int(form["kg"] * 1000)
        with acting(now) as actor:
            is_tender = demands.get_demand(public_id).way == DemandWay.TENDER
            if is_tender:
                tendering.bid(producer, public_id, form["listing"], grams, form["price"], actor=actor, now=now)
            else:
                figures = Figures(grams, form["price"], form["words"])
                quoting.offer(producer, public_id, form["listing"], figures, actor=actor, now=now)
    except DomainError as error:
        return _no(public_id, error)
    return _done(
        _("Your bid is sealed. Nobody reads it before the opening.") if is_tender else _("The buyer has your price now.")
    )


@blueprint.post("/<public_id>/take-back")
@by_mandate(Scope.LIST)
def take_bid_back(public_id: str) -> Response | tuple[str, int]:
    """Take a sealed bid back."""
    now, producer = clock.now(), current_seller().producer
    read_form(FormSchema())
    try:
        with acting(now) as actor:
            tendering.take_bid_back(producer, public_id, actor=actor, now=now)
    except DomainError as error:
        return _no(public_id, error)
    return _done(_("Your bid is taken back."))


@blueprint.post("/quotes/<public_id>/answer")
@by_mandate(Scope.LIST)
def answer_counter(public_id: str) -> Response | tuple[str, int]:
    """Agree with the buyer's figures, or say others."""
    now, producer = clock.now(), current_seller().producer
    try:
        form = read_form(CounterForm())
        whole = form["kg"] is not None and form["price"] is not None
        figures = Figures(int(form["kg"] * 1000), form["price"], form["words"]) if whole else None
        with acting(now) as actor:
            quoting.answer_counter(producer, public_id, figures, actor=actor, now=now)
    except DomainError as error:
        return _no(public_id, error)
    return _done(_("The buyer is told."))


@blueprint.post("/quotes/<public_id>/take-back")
@by_mandate(Scope.LIST)
def take_back(public_id: str) -> Response | tuple[str, int]:
    """Take a quote back."""
    now, producer = clock.now(), current_seller().producer
    read_form(FormSchema())
    try:
        with acting(now) as actor:
            quoting.take_back(producer, public_id, actor=actor, now=now)
    except DomainError as error:
        return _no(public_id, error)
    return _done(_("Your price is taken back."))


@blueprint.post("/parts/<public_id>/agree")
@by_mandate(Scope.SHIP)
def agree(public_id: str) -> Response | tuple[str, int]:
    """Sign what the buyer's scales say."""
    now, producer = clock.now(), current_seller().producer
    read_form(FormSchema())
    try:
        with acting(now) as actor:
            accepting.agree(producer.id, public_id, actor=actor, now=now)
    except DomainError as error:
        return _no(public_id, error)
    return _done(_("Thank you. The accepted goods will be paid."))


@blueprint.post("/parts/<public_id>/question")
@by_mandate(Scope.SHIP)
def question(public_id: str) -> Response | tuple[str, int]:
    """Have it weighed once more."""
    now, producer = clock.now(), current_seller().producer
    try:
        form = read_form(QuestionForm())
        with acting(now) as actor:
            accepting.question(producer.id, public_id, form["words"], actor=actor, now=now)
    except DomainError as error:
        return _no(public_id, error)
    return _done(_("The buyer is asked to weigh again."))
