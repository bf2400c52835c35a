"""Portal: equity income at the office: assets, the contracts over them, and what could go wrong."""

import re
from typing import Any

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from marketplace.equity.contracts import (
    ContractTerms,
    discard_contract,
    draft_contract,
    end_contract,
    enter_asset,
    sign_contract,
    value_asset,
)
from marketplace.equity.models import AssetKind, EquityContract, OnExit, Way
from marketplace.equity.queries import (
    assets_within,
    contracts_over,
    contracts_within,
    exposures,
    get_asset_within,
    get_contract_within,
    guarantee_account,
    registered_within,
    valuations_of,
)
from marketplace.equity.risk import risk_of
from marketplace.equity.runs import book_guarantee
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.ledger.queries import balance_fen
from marketplace.registry.queries import households_by_code
from marketplace.web.access import account, allow, office_reach
from marketplace.web.equity_words import KINDS, ON_EXIT, WAYS, contract_words
from marketplace.web.errors import errors_by_field
from marketplace.web.forms import Amount, FormError, FormSchema, Text, Yuan, read_form
from marketplace.web.portals.officer.areas import areas_to_choose, office_area
from marketplace.web.redirects import see_other

blueprint = Blueprint("equity", __name__, url_prefix="/equity")
_LONG = N_("Please write less.")
_HOLDER = re.compile(r"(?P<code>[0-9]{16})[\s,，]+(?P<units>[1-9][0-9]{0,5})")
_RATE = validate.Range(0, 100, error=N_("A ratio lies between 0 and 100 per cent."))


class AssetForm(FormSchema):
    """An asset and what it is worth."""

    kind = Text(required=True, validate=validate.OneOf([kind.value for kind in AssetKind]))
    name = Text(required=True, validate=validate.Length(max=80, error=_LONG))
    area = Text(required=True, validate=validate.Length(max=12))
    value = Yuan(required=True)
    valued_on = fields.Date(required=True)
    source = Text(required=True, validate=validate.Length(max=120, error=_LONG))


class ValueForm(FormSchema):
    """A new valuation."""

    value = Yuan(required=True)
    valued_on = fields.Date(required=True)
    source = Text(required=True, validate=validate.Length(max=120, error=_LONG))


class ContractForm(FormSchema):
    """A contract as it stands on paper, and who holds the shares."""

    way = Text(required=True, validate=validate.OneOf([way.value for way in Way]))
    operator = Text(required=True, validate=validate.Length(max=80, error=_LONG))
    floor = Amount(required=True, validate=_RATE)
    agreed = Amount(required=True, validate=_RATE)
    preferred = Amount(load_default=0, validate=_RATE)
    on_exit = Text(required=True, validate=validate.OneOf([rule.value for rule in OnExit]))
    begins_on = fields.Date(required=True)
    ends_on = fields.Date(required=True)
    each = fields.Integer(load_default=None, validate=validate.Range(1, 1_000, error=N_("Please give 1 to 1,000 units.")))
    holders = Text(load_default="", validate=validate.Length(max=100_000, error=_LONG))


class MoneyForm(FormSchema):
    """Money that came in, with the bank's number."""

    amount = Yuan(required=True)
    bank_reference = Text(required=True, validate=validate.Length(max=60, error=_LONG))


class ReasonForm(FormSchema):
    """Why something ends."""

    reason = Text(load_default="", validate=validate.Length(max=200, error=_LONG))


@blueprint.get("")
@allow(RoleKind.OFFICER)
def listed() -> str:
    """The contracts and assets of one's areas, and what could go wrong with them."""
    area, reach = office_area(None), office_reach()
    contracts = contracts_within(reach)
    counties = sorted({contract.area_code[:6] for contract, _ in contracts})
    return render_template(
        "officer/equity.html",
        area=area,
        contracts=[{**contract_words(contract), "name": asset.name} for contract, asset in contracts],
        assets=[
            {"public_id": asset.public_id, "name": asset.name, "kind": _(KINDS[AssetKind(asset.kind)]), "value_fen": value_fen}
            for asset, value_fen in assets_within(reach)
        ],
        risk=risk_of(exposures(contract for contract, _ in contracts)),
        guarantees=[(code, balance_fen(guarantee_account(code))) for code in counties],
    )


@blueprint.post("/guarantee/<area>")
@allow(RoleKind.OFFICER)
def guarantee(area: str) -> Response:
    """Book what the county has put into its guarantee."""
    form = read_form(MoneyForm())
    with transaction():
        code = office_reach().check(area)
        book_guarantee(code, form["amount"], form["bank_reference"], by=account(), now=clock.now())
    flash(_("The guarantee is booked."), "success")
    return see_other(url_for("officer.equity.listed"))


@blueprint.get("/assets/new")
@allow(RoleKind.OFFICER)
def new_asset() -> str:
    """An asset to be written down."""
    return _asset_page({}, {})


def _asset_page(form: dict[str, Any], errors: dict[str, str]) -> str:
    area = office_area(None)
    return render_template(
        "officer/equity_asset_new.html",
        areas=areas_to_choose(area),
        kinds=[(kind.value, _(words)) for kind, words in KINDS.items()],
        form={"area": area.code, "valued_on": local_day(clock.now()).isoformat(), **form},
        errors=errors,
    )


@blueprint.post("/assets")
@allow(RoleKind.OFFICER)
def add_asset() -> Response | tuple[str, int]:
    """Write down an asset with its first value."""
    try:
        form, now = read_form(AssetForm()), clock.now()
        with transaction():
            area = office_reach().check(form["area"])
            asset = enter_asset(AssetKind(form["kind"]), form["name"], area, by=account(), now=now)
            value_asset(asset, form["value"], form["valued_on"], form["source"], by=account(), now=now)
    except Invalid as error:
        return _asset_page(request.form.to_dict(), errors_by_field(error)), 422
    flash(_("The asset is on file."), "success")
    return see_other(url_for("officer.equity.asset", public_id=asset.public_id))


@blueprint.get("/assets/<public_id>")
@allow(RoleKind.OFFICER)
def asset(public_id: str) -> str:
    """An asset with its values, and the contract to be drafted over it."""
    return _contract_page(public_id, {}, {})


@blueprint.post("/assets/<public_id>/values")
@allow(RoleKind.OFFICER)
def value(public_id: str) -> Response:
    """Write down a new value."""
    form = read_form(ValueForm())
    with transaction():
        found = get_asset_within(public_id, office_reach())
        value_asset(found, form["value"], form["valued_on"], form["source"], by=account(), now=clock.now())
    flash(_("The value is on file."), "success")
    return see_other(url_for("officer.equity.asset", public_id=public_id))


@blueprint.post("/assets/<public_id>/contract")
@allow(RoleKind.OFFICER)
def draft(public_id: str) -> Response | tuple[str, int]:
    """Draft a contract over an asset."""
    try:
        form, now = read_form(ContractForm()), clock.now()
        with transaction():
            found = get_asset_within(public_id, office_reach())
            units = _units(form, found.area_code)
            terms = ContractTerms(
                way=Way(form["way"]),
                operator=form["operator"],
                floor_bp=_bp("floor", form["floor"]),
                agreed_bp=_bp("agreed", form["agreed"]),
                preferred_bp=_bp("preferred", form["preferred"]),
                on_exit=OnExit(form["on_exit"]),
                begins_on=form["begins_on"],
                ends_on=form["ends_on"],
            )
            contract = draft_contract(found, terms, units, by=account(), now=now)
    except Invalid as error:
        return _contract_page(public_id, request.form.to_dict(), errors_by_field(error)), 422
    flash(_("The contract is drafted. A second officer has to sign it."), "success")
    return see_other(url_for("officer.equity.contract.one", public_id=contract.public_id))


def _contract_page(public_id: str, form: dict[str, Any], errors: dict[str, str]) -> str:
    found = get_asset_within(public_id, office_reach())
    today = local_day(clock.now())
    return render_template(
        "officer/equity_asset.html",
        item={"public_id": found.public_id, "name": found.name, "kind": _(KINDS[AssetKind(found.kind)])},
        values=[{"value": row.value_fen, "day": row.valued_on, "source": row.source} for row in valuations_of(found.id)],
        contracts=[contract_words(row) for row in contracts_over(found)],
        registered=len(registered_within(found.area_code, today)),
        ways=[(way.value, _(words)) for way, words in WAYS.items()],
        exits=[(rule.value, _(words)) for rule, words in ON_EXIT.items()],
        today=today.isoformat(),
        form=form,
        errors=errors,
    )


def _bp(name: str, percent: Any) -> int:
    if percent * 100 != int(percent * 100):
        raise FormError({name: _("Please give at most two decimals.")})
    return int(percent * 100)


def _units(form: dict[str, Any], area_code: str) -> dict[int, int]:
    """Who holds how many units: those named line by line, or the same number for every registered household of the area."""
    if not form["holders"]:
        if form["each"] is None:
            raise FormError({"each": _("Please say who holds the shares.")})
        return {row.id: form["each"] for row in registered_within(area_code, local_day(clock.now()))}
    lines = [line.strip() for line in form["holders"].splitlines() if line.strip()]
    named: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        found = _HOLDER.fullmatch(line)
        if found is None or found["code"] in named:
            raise FormError(
                {"holders": _("Line %(number)s: please give a household’s code once, and its units.", number=number)}
            )
        named[found["code"]] = int(found["units"])
    ids = households_by_code(named)
    if missing := sorted(set(named) - set(ids)):
        raise FormError({"holders": _("There is no household %(code)s.", code=missing[0])})
    return {ids[code]: units for code, units in named.items()}


@blueprint.post("/<public_id>/sign")
@allow(RoleKind.OFFICER)
def sign(public_id: str) -> Response:
    """The second officer signs."""
    return _moved(public_id, sign_contract, N_("The contract runs."))


@blueprint.post("/<public_id>/discard")
@allow(RoleKind.OFFICER)
def discard(public_id: str) -> Response:
    """Drop a draft."""
    return _moved(public_id, discard_contract, N_("The draft is dropped."))


@blueprint.post("/<public_id>/end")
@allow(RoleKind.OFFICER)
def end(public_id: str) -> Response:
    """End a contract."""
    reason = read_form(ReasonForm())["reason"]

    def ended(contract: EquityContract, **more: Any) -> bool:
        return end_contract(contract, reason, **more)

    return _moved(public_id, ended, N_("The contract is over."))


def _moved(public_id: str, act: Any, words: str) -> Response:
    with transaction():
        act(get_contract_within(public_id, office_reach()), by=account(), now=clock.now())
    flash(_(words), "success")
    return see_other(url_for("officer.equity.contract.one", public_id=public_id))
