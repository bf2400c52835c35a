"""Portal: funds, where their money stands, and passing it on."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import EXCLUDE, fields, validate
from werkzeug.wrappers import Response

from marketplace.funds.models import Budget, Fund, FundMove
from marketplace.funds.places import is_below
from marketplace.funds.purposes import purposes_on
from marketplace.funds.queries import Standing, Totals, funds_within, get_fund, moves_of, standings, totals, totals_of
from marketplace.funds.service import allocate, approve_fund, give_back, keeps_books_of, propose_fund, refuse_fund
from marketplace.identity.models import RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import DomainError
from marketplace.ledger.earmarks import SOURCE
from marketplace.regions.models import Level
from marketplace.regions.queries import children, get_area
from marketplace.web.access import account, allow
from marketplace.web.errors import message_of
from marketplace.web.filters import yuan
from marketplace.web.forms import FormError, FormSchema, Text, Yuan, read_form
from marketplace.web.money_reach import READERS, holds, money_area, money_areas, seen_fund
from marketplace.web.money_words import BUDGETS, FUND_STATES, MOVES, place_words, purpose_name
from marketplace.web.places import place_name
from marketplace.web.redirects import see_other

blueprint = Blueprint("funds", __name__, url_prefix="/funds")
_NEWEST = 100


class AreaQuery(FormSchema):
    """Which area."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    area = Text(load_default=None, validate=validate.Length(max=12))


class MoveForm(FormSchema):
    """How much goes from where to where, for what, on which document."""

    way = Text(required=True, validate=validate.Length(max=80))
    target = Text(required=True, validate=validate.Length(max=27))
    amount = Yuan(required=True)
    document = Text(required=True, validate=validate.Length(max=60))


@blueprint.get("")
@allow(*READERS)
def listed() -> str:
    """The funds of an area, and what of them stands there."""
    area = get_area(money_area(read_form(AreaQuery(), request.args)["area"]))
    funds = funds_within([area.code])
    here, sums = standings(funds, area_code=area.code), totals_of(funds)
    return render_template(
        "funds/listed.html",
        area=area,
        areas=[(code, place_name(get_area(code).name)) for code in money_areas()],
        headline=_(
            "%(funds)s funds concern %(area)s. %(amount)s of them stand there and have not been paid yet.",
            funds=len(funds),
            area=place_name(area.name),
            amount=yuan(sum(one.balance_fen for one in here)),
        ),
        rows=[_fund_row(fund, sums[fund.public_id].values(), here) for fund in funds],
        by_purpose=_by_purpose(here),
        may_enter=any(len(code) <= Level.COUNTY for code in scopes(account(), RoleKind.OFFICER)),
    )


def _fund_row(fund: Fund, sums: Collection[Totals], here: Sequence[Standing]) -> dict[str, Any]:
    state, tone = FUND_STATES[fund.state]  # type: ignore[index]
    return {
        "document": fund.document_number,
        "url": url_for("funds.one", public_id=fund.public_id),
        "title": fund.title,
        "year": str(fund.year),
        "issued": sum(one.issued_fen for one in sums),
        "paid": sum(one.paid_fen for one in sums),
        "here": sum(one.balance_fen for one in here if one.fund == fund.public_id),
        "state": (_(state), tone),
    }


def _by_purpose(here: Sequence[Standing]) -> list[dict[str, Any]]:
    sums: dict[str, int] = {}
    for one in here:
        sums[one.purpose_code] = sums.get(one.purpose_code, 0) + one.balance_fen
    most = max(sums.values(), default=1)
    return [
        {"label": purpose_name(code), "text": yuan(fen), "width": round(100 * fen / most, 1)}
        for code, fen in sorted(sums.items(), key=lambda one: -one[1])
    ]


@blueprint.get("/new")
@allow(RoleKind.OFFICER)
def new() -> str:
    """Enter a document's money."""
    return _new_page({}, {})


def _new_page(form: Mapping[str, Any], errors: Mapping[str, str]) -> str:
    own = [code for code in scopes(account(), RoleKind.OFFICER) if len(code) <= Level.COUNTY]
    today = local_day(clock.now())
    return render_template(
        "funds/new.html",
        areas=[(code, place_name(get_area(code).name)) for code in own],
        budgets=[(budget, _(label)) for budget, label in BUDGETS.items()],
        purposes=[(purpose.code, _(purpose.name), form.get(purpose.code, "")) for purpose in purposes_on(today)],
        form=form,
        errors=errors,
        year=today.year,
    )


@blueprint.post("/new")
@allow(RoleKind.OFFICER)
def enter() -> Response | tuple[str, int]:
    """Keep it for a second person."""
    now = clock.now()
    purposes = {purpose.code: Yuan(load_default=None) for purpose in purposes_on(local_day(now))}
    schema = FormSchema.from_dict(
        {
            "area": Text(required=True, validate=validate.Length(max=12)),
            "budget": fields.Enum(Budget, by_value=fields.String(), required=True),
            "document": Text(required=True, validate=validate.Length(max=60)),
            "title": Text(required=True, validate=validate.Length(max=120)),
            "year": fields.Integer(required=True, validate=validate.Range(2013, 2100)),
            **purposes,
        }
    )
    try:
        form = read_form(schema())
        earmarks = {code: form[code] for code in purposes if form[code] is not None}
        with transaction():
            given = (form["area"], form["budget"], form["document"], form["title"], form["year"], earmarks)
            fund = propose_fund(*given, by=account(), now=now)
    except FormError as error:
        return _new_page(request.form, error.fields), 422
    except DomainError as error:
        return _new_page(request.form, {"document": message_of(error)}), 422
    flash(_("Entered. Its money is there as soon as a second person of your office agrees."), "info")
    return see_other(url_for("funds.one", public_id=fund.public_id))


@blueprint.get("/<public_id>")
@allow(*READERS)
def one(public_id: str) -> str:
    """A fund: its purposes, where its money stands, how it got there."""
    return _one_page(public_id, {}, {})


def _one_page(public_id: str, form: Mapping[str, Any], errors: Mapping[str, str]) -> str:
    fund = seen_fund(get_fund(public_id))
    here = [row for row in standings([fund]) if holds(row.place)]
    moves = [move for move in moves_of(fund) if move.kind != "pay" and (holds(move.source) or holds(move.target))]
    names = place_words([*(row.place for row in here), *(place for move in moves for place in (move.source, move.target))])
    mine = [row for row in here if keeps_books_of(account(), row.place)]
    state, tone = FUND_STATES[fund.state]  # type: ignore[index]
    return render_template(
        "funds/fund.html",
        fund=fund,
        state=(_(state), tone),
        budget=_(BUDGETS[fund.budget]),
        area=place_name(get_area(fund.area_code).name),
        purposes=_purpose_rows(fund),
        places=[
            {"place": names[row.place], "purpose": purpose_name(row.purpose_code), "balance": row.balance_fen} for row in here
        ],
        moves=[move_row(move, names) for move in reversed(moves[-_NEWEST:])],
        may_decide=fund.state == "proposed" and keeps_books_of(account(), fund.area_code),
        mine=fund.proposed_by_id == account().id,
        ways=[
            (
                f"{row.purpose_code}|{row.place}",
                _(
                    "%(place)s, %(purpose)s: %(amount)s",
                    place=names[row.place],
                    purpose=purpose_name(row.purpose_code),
                    amount=yuan(row.balance_fen),
                ),
            )
            for row in mine
        ],
        targets=_targets(fund, mine, names),
        form=form,
        errors=errors,
    )


def _purpose_rows(fund: Fund) -> list[dict[str, Any]]:
    sums = totals(fund)
    return [
        {
            "purpose": purpose_name(earmark.purpose_code),
            "given": earmark.amount_fen,
            "issued": sums[earmark.purpose_code].issued_fen,
            "paid": sums[earmark.purpose_code].paid_fen,
            "standing": sums[earmark.purpose_code].standing_fen,
        }
        for earmark in fund.earmarks
    ]


def move_row(move: FundMove, names: Mapping[str, str]) -> dict[str, Any]:
    """A move as a table shows it."""
    return {
        "at": move.at,
        "kind": _(MOVES[move.kind]),
        "purpose": purpose_name(move.purpose_code),
        "source": names[move.source],
        "target": names[move.target],
        "amount": move.amount_fen,
        "document": move.document_number,
    }


def _targets(fund: Fund, mine: Sequence[Standing], names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Where somebody's money can go: to areas one level below theirs, and back to those it came from."""
    places = {row.place for row in mine}
    below = {area.code: place_name(area.name) for place in places for area in children(place) if len(place) < Level.VILLAGE}
    back = {move.source for move in moves_of(fund) if move.target in places and move.kind in ("issue", "allocate")}
    # Who keeps the books of several places passes on between those of them that lie one above another.
    above = place_words(back)
    return [
        *sorted(below.items()),
        *((place, _("Back to: %(place)s", place=above[place])) for place in sorted(back - below.keys())),
    ]


@blueprint.post("/<public_id>/approve")
@allow(RoleKind.OFFICER)
def approve(public_id: str) -> Response:
    """Agree as a second person."""
    read_form(FormSchema())
    seen_fund(get_fund(public_id))
    with transaction():
        approve_fund(get_fund(public_id, lock=True), by=account(), now=clock.now())
    flash(_("The money is there now."), "success")
    return see_other(url_for("funds.one", public_id=public_id))


@blueprint.post("/<public_id>/refuse")
@allow(RoleKind.OFFICER)
def refuse(public_id: str) -> Response:
    """Refuse it, or take back what one has entered."""
    read_form(FormSchema())
    seen_fund(get_fund(public_id))
    with transaction():
        refuse_fund(get_fund(public_id, lock=True), by=account(), now=clock.now())
    flash(_("Refused. No money was moved."), "info")
    return see_other(url_for("funds.one", public_id=public_id))


@blueprint.post("/<public_id>/move")
@allow(RoleKind.OFFICER)
def move(public_id: str) -> Response | tuple[str, int]:
    """Pass money on, or give it back."""
    seen_fund(get_fund(public_id))
    try:
        form = read_form(MoveForm())
        purpose, _bar, source = form["way"].partition("|")
        with transaction():
            fund = get_fund(public_id)
            act = allocate if form["target"] != SOURCE and is_below(source, form["target"]) else give_back
            act(fund, purpose, source, form["target"], form["amount"], form["document"], by=account(), now=clock.now())
    except FormError as error:
        return _one_page(public_id, request.form, error.fields), 422
    except DomainError as error:
        return _one_page(public_id, request.form, {"amount": message_of(error)}), 422
    flash(_("Moved: %(amount)s.", amount=yuan(form["amount"])), "success")
    return see_other(url_for("funds.one", public_id=public_id))
