"""The purchasing desk: what an enterprise wants, who has answered, and choosing among the answers."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.wrappers import Response

from marketplace.catalogue.models import Category, CertificateKind, Listing, ListingState, Product
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, DomainError
from marketplace.regions.queries import area_names
from marketplace.sourcing import contracting, demands, quoting, tendering
from marketplace.sourcing.demands import DemandGiven, Window, weekly
from marketplace.sourcing.enterprises import Deed, find_member, member_for, own_member
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import Contract, Demand, DemandKind, DemandWay, EnterpriseMember
from marketplace.sourcing.price_book import Listed, prices_for
from marketplace.sourcing.quoting import Figures
from marketplace.sourcing.states import DemandState, QuoteState, TenderState
from marketplace.web.access import account, allow
from marketplace.web.errors import message_of, status_of
from marketplace.web.forms import Amount, FormError, FormSchema, Text, Yuan, read_form, spelled
from marketplace.web.languages import pick
from marketplace.web.places import place_name
from marketplace.web.redirects import see_other
from marketplace.web.sourcing_words import (
    certificate_name,
    chip,
    goods_name,
    grade_name,
    grade_options,
    kind_name,
    kind_options,
    way_name,
    way_options,
)

blueprint = Blueprint("buyer_demands", __name__, url_prefix="/buyer/demands")


class DemandForm(FormSchema):
    """A demand on one page."""

    goods = Text(required=True, validate=spelled(r"[pc]:[a-z0-9-]{1,80}", error=N_("Please choose the goods.")))
    place = Text(required=True, error_messages={"required": N_("Please choose where it shall arrive.")})
    kg = Amount(required=True)
    ceiling = Yuan(required=True)
    grade = fields.Enum(Grade, by_value=fields.String(), load_default=Grade.UNGRADED)
    kind = fields.Enum(DemandKind, by_value=fields.String(), load_default=DemandKind.ONE_OFF)
    times = fields.Integer(load_default=1, validate=validate.Range(1, demands.MOST_DELIVERIES))
    opens_on = fields.Date(required=True)
    closes_on = fields.Date(load_default=None)
    answer_by = fields.Date(required=True)
    way = fields.Enum(DemandWay, by_value=fields.String(), required=True)
    tolerance = Amount(load_default=0)
    certificate = fields.Enum(CertificateKind, by_value=fields.String(), load_default=None)
    origin = Text(load_default="", validate=spelled(r"[0-9]{0,12}", error=N_("There is no such area.")))
    households = fields.Integer(load_default=None)
    reserved = Text(load_default="")
    words = Text(load_default="", validate=validate.Length(max=400))


class CounterForm(FormSchema):
    """Other figures than a farm's."""

    kg = Amount(required=True)
    price = Yuan(required=True)
    words = Text(load_default="", validate=validate.Length(max=400))


@blueprint.get("/")
@allow(RoleKind.ENTERPRISE)
def listed() -> str:
    """All demands of one's enterprise, those that want something done first."""
    member = find_member(account().id)
    rows = _demands(member.enterprise_id) if member is not None else []
    return render_template("buyer/demands.html", demands=[_row(row) for row in rows])


def _demands(enterprise_id: int) -> list[Demand]:
    waits = Demand.state.in_((DemandState.CHOOSING, DemandState.OPEN, DemandState.DRAFT))
    return list(
        db.session.scalars(
            select(Demand)
            .filter_by(enterprise_id=enterprise_id)
            .options(joinedload(Demand.product), joinedload(Demand.category), selectinload(Demand.deliveries))
            .order_by(waits.desc(), Demand.id.desc())
            .limit(200)
        )
    )


def _row(demand: Demand) -> dict[str, Any]:
    label, tone = chip(DemandState(demand.state))
    return {
        "public_id": demand.public_id,
        "reference": demand.reference,
        "goods": goods_name(demand),
        "grams": sum(row.wanted_g for row in demand.deliveries),
        "deliveries": len(demand.deliveries),
        "first_on": demand.deliveries[0].opens_on,
        "way": way_name(demand.way),
        "state": label,
        "tone": tone,
        "due_at": demand.due_at,
    }


@blueprint.get("/new")
@allow(RoleKind.ENTERPRISE)
def new() -> str:
    """An empty demand."""
    today = clock.local_day(clock.now())
    first = {"opens_on": (today + timedelta(days=7)).isoformat(), "answer_by": (today + timedelta(days=3)).isoformat()}
    return _form({**first, "times": "4", "tolerance": "5", "way": DemandWay.QUOTES.value}, {})


@blueprint.post("/new")
@allow(RoleKind.ENTERPRISE)
def make() -> Response | tuple[str, int]:
    """Write a demand down; it is shown once more before farms see it."""
    now = clock.now()
    try:
        form = read_form(DemandForm())
        with transaction():
            made = demands.make_demand(member_for(account(), Deed.BUY, now=now), _given(form), now=now)
            public_id = made.public_id
    except FormError as error:
        return _form(request.form, error.fields), 422
    except DomainError as error:
        return _form(request.form, {}, message_of(error)), status_of(error)
    return see_other(url_for("buyer_demands.show", public_id=public_id))


def _given(form: Mapping[str, Any]) -> DemandGiven:
    first = Window(form["opens_on"], form["closes_on"] or form["opens_on"], int(form["kg"] * 1000))
    recurring = form["kind"] is DemandKind.RECURRING
    kind, _sep, slug = form["goods"].partition(":")
    return DemandGiven(
        place=form["place"],
        goods=slug,
        by_category=kind == "c",
        windows=weekly(first, form["times"]) if recurring else [first],
        price_ceiling_fen_kg=form["ceiling"],
        way=form["way"],
        # The whole of the last day.
        answer_by_at=clock.day_start(form["answer_by"] + timedelta(days=1)),
        grade=form["grade"],
        tolerance_bp=int(form["tolerance"] * 100),
        certificate_kinds=[form["certificate"]] if form["certificate"] else [],
        origin_code=form["origin"],
        kind=form["kind"],
        most_households=form["households"],
        budget_reserved=form["reserved"] == "yes",
        words=form["words"],
    )


def _form(typed: Mapping[str, Any], errors: Mapping[str, str], refused: str | None = None) -> str:
    with transaction():
        # Somebody who comes here first has an enterprise from now on.
        enterprise = own_member(account(), now=clock.now()).enterprise
        places = [
            (place.public_id, f"{place.name} · {place.address}") for place in enterprise.places if place.closed_at is None
        ]
    counties = db.session.scalars(
        select(func.left(Listing.area_code, 6)).where(Listing.state == ListingState.ON_SALE).distinct()
    ).all()
    names = area_names(counties)
    return render_template(
        "buyer/demand_new.html",
        form=typed,
        errors=errors,
        refused=refused,
        places=places,
        goods=_goods_options(),
        grades=grade_options(),
        kinds=kind_options(),
        ways=way_options(),
        certificates=[("", _("None")), *((kind.value, certificate_name(kind)) for kind in CertificateKind)],
        origins=[("", _("Anywhere")), *((code, place_name(names[code])) for code in sorted(names))],
    )


def _goods_options() -> list[tuple[str, str]]:
    shelves = db.session.scalars(select(Category).order_by(Category.position)).all()
    kinds = db.session.scalars(select(Product).order_by(Product.category_id, Product.slug)).all()
    options = [(f"c:{row.slug}", _("Anything of: %(goods)s", goods=pick(row.name_zh, row.name_en))) for row in shelves]
    return [*((f"p:{row.slug}", pick(row.name_zh, row.name_en)) for row in kinds), *options]


def _own(public_id: str) -> tuple[Demand, EnterpriseMember | None]:
    member = find_member(account().id)
    return demands.get_demand(public_id, enterprise_id=member.enterprise_id if member is not None else 0), member


@blueprint.get("/<public_id>")
@allow(RoleKind.ENTERPRISE)
def show(public_id: str) -> str:
    """A demand with its answers, cheapest first."""
    return _page(public_id)


def _page(public_id: str, refused: str | None = None) -> str:
    demand, _member = _own(public_id)
    label, tone = chip(DemandState(demand.state))
    state, tender = DemandState(demand.state), demand.tender
    contract = db.session.scalars(select(Contract).filter_by(demand_id=demand.id).order_by(Contract.id.desc())).first()
    now = clock.now()
    return render_template(
        "buyer/demand.html",
        demand=demand,
        goods=goods_name(demand),
        grade=grade_name(demand.grade),
        way=way_name(demand.way),
        kind=kind_name(demand.kind),
        certificates=[certificate_name(kind) for kind in demand.certificate_kinds],
        state=label,
        tone=tone,
        refused=refused,
        is_draft=state is DemandState.DRAFT,
        may_close=state is DemandState.OPEN and tender is None,
        may_withdraw=state in (DemandState.DRAFT, DemandState.OPEN, DemandState.CHOOSING),
        may_choose=state in (DemandState.OPEN, DemandState.CHOOSING),
        quotes=_quotes(demand) if demand.way == DemandWay.QUOTES else [],
        tender=tender,
        sealed=sum(bid.state == "sealed" for bid in tender.bids) if tender is not None else 0,
        may_open=tender is not None and tender.state in (TenderState.SEALED, TenderState.ONE_KEY) and now >= tender.opens_at,
        one_key=tender is not None and tender.state == TenderState.ONE_KEY,
        bids=[_bid(row) for row in tendering.opened_bids(demand)],
        contract=contract,
    )


def _quotes(demand: Demand) -> list[dict[str, Any]]:
    quotes = quoting.quotes_to(demand)
    prices = prices_for([(demand, row.listing) for row in quotes])
    return [_quote(row, prices.for_demand(demand, row.listing, row.grams)) for row in quotes]


def _quote(row: Any, listed: Listed | None) -> dict[str, Any]:
    label, tone = chip(QuoteState(row.state))
    return {
        "public_id": row.public_id,
        "seller": pick(row.producer.name_zh, row.producer.name_en),
        "title": pick(row.listing.title_zh, row.listing.title_en),
        "url": url_for("storefront.product", public_id=row.listing.public_id),
        "grams": row.grams,
        "kg": f"{row.grams / 1000:g}",
        "fen_kg": row.fen_kg,
        "price": f"{row.fen_kg / 100:g}",
        "total_fen": row.fen_kg * row.grams // 1000,
        "above_list_fen": listed.fen_kg if listed is not None and row.fen_kg > listed.fen_kg else None,
        "state": label,
        "tone": tone,
        "offered": row.state == QuoteState.OFFERED,
        "live": row.state in (QuoteState.OFFERED, QuoteState.COUNTERED),
        "rounds": [
            {"mine": one.party == "buyer", "grams": one.grams, "fen_kg": one.fen_kg, "words": one.words} for one in row.rounds
        ],
    }


def _bid(row: Any) -> dict[str, Any]:
    return {
        "public_id": row.public_id,
        "seller": pick(row.producer.name_zh, row.producer.name_en),
        "title": pick(row.listing.title_zh, row.listing.title_en),
        "grams": row.grams,
        "fen_kg": row.fen_kg,
        "total_fen": row.fen_kg * row.grams // 1000,
        "chosen": row.state == "chosen",
    }


def _done(public_id: str, said: str) -> Response:
    flash(said, "success")
    return see_other(url_for("buyer_demands.show", public_id=public_id))


def _refused(public_id: str, error: DomainError) -> tuple[str, int]:
    return _page(public_id, message_of(error)), status_of(error)


@blueprint.post("/<public_id>/publish")
@allow(RoleKind.ENTERPRISE)
def publish(public_id: str) -> Response | tuple[str, int]:
    """Let farms see it."""
    read_form(FormSchema())
    now = clock.now()
    _own(public_id)
    try:
        with transaction():
            demands.publish(member_for(account(), Deed.BUY, now=now), public_id, now=now)
    except DomainError as error:
        return _refused(public_id, error)
    return _done(public_id, _("Farms can see it now and answer."))


@blueprint.post("/<public_id>/close")
@allow(RoleKind.ENTERPRISE)
def close(public_id: str) -> Response | tuple[str, int]:
    """Take no more answers."""
    read_form(FormSchema())
    now = clock.now()
    _own(public_id)
    try:
        with transaction():
            demands.close(member_for(account(), Deed.BUY, now=now), public_id, now=now)
    except DomainError as error:
        return _refused(public_id, error)
    return _done(public_id, _("No more answers are taken."))


@blueprint.post("/<public_id>/withdraw")
@allow(RoleKind.ENTERPRISE)
def withdraw(public_id: str) -> Response | tuple[str, int]:
    """Take it back."""
    read_form(FormSchema())
    now = clock.now()
    _own(public_id)
    try:
        with transaction():
            demands.withdraw(member_for(account(), Deed.BUY, now=now), public_id, now=now)
    except DomainError as error:
        return _refused(public_id, error)
    return _done(public_id, _("The demand is taken back."))


@blueprint.post("/<public_id>/open")
@allow(RoleKind.ENTERPRISE)
def open_bids(public_id: str) -> Response | tuple[str, int]:
    """Turn one's key; the second of two opens the bids."""
    read_form(FormSchema())
    now = clock.now()
    _own(public_id)
    try:
        with transaction():
            opened = tendering.turn_key(member_for(account(), Deed.OPEN_BIDS, now=now), public_id, now=now)
    except DomainError as error:
        return _refused(public_id, error)
    return _done(public_id, _("The bids are open.") if opened else _("Noted. A colleague has to open them with you."))


@blueprint.post("/<public_id>/choose")
@allow(RoleKind.ENTERPRISE)
def choose(public_id: str) -> Response | tuple[str, int]:
    """Make a contract of the answers that were ticked."""
    now = clock.now()
    demand, _member = _own(public_id)
    chosen = request.form.getlist("chosen")
    try:
        with transaction():
            buyer = member_for(account(), Deed.BUY, now=now)
            make_contract = contracting.contract_bids if demand.way == DemandWay.TENDER else contracting.contract_quotes
            made = make_contract(buyer, public_id, chosen, now=now).public_id
    except DomainError as error:
        return _refused(public_id, error)
    return see_other(url_for("buyer_contracts.show", public_id=made))


@blueprint.post("/<public_id>/quotes/<quote>/counter")
@allow(RoleKind.ENTERPRISE)
def counter(public_id: str, quote: str) -> Response | tuple[str, int]:
    """Answer a quote with other figures."""
    now = clock.now()
    _own(public_id)
    try:
        form = read_form(CounterForm())
        figures = Figures(int(form["kg"] * 1000), form["price"], form["words"])
        with transaction():
            quoting.counter(member_for(account(), Deed.BUY, now=now), quote, figures, now=now)
    except DomainError as error:
        return _refused(public_id, error)
    return _done(public_id, _("The farm has three days to answer."))


@blueprint.post("/<public_id>/quotes/<quote>/decline")
@allow(RoleKind.ENTERPRISE)
def decline(public_id: str, quote: str) -> Response | tuple[str, int]:
    """Say no to a quote."""
    read_form(FormSchema())
    now = clock.now()
    _own(public_id)
    try:
        with transaction():
            quoting.decline(member_for(account(), Deed.BUY, now=now), quote, now=now)
    except DomainError as error:
        return _refused(public_id, error)
    return _done(public_id, _("The farm is told that you do not need it."))
