"""Equity income for programs: contracts of an office's areas, dividends, shares that go over; a household's own shares."""

import re
from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.equity.contracts import (
    MOST_HOLDERS,
    ContractTerms,
    discard_contract,
    draft_contract,
    end_contract,
    enter_asset,
    sign_contract,
    value_asset,
)
from marketplace.equity.handovers import decide_handover, propose_handover
from marketplace.equity.models import AssetKind, DividendRun, EquityContract, OnExit, ShareHandover, Way
from marketplace.equity.queries import (
    assets_within,
    contracts_within,
    get_asset_within,
    get_contract_within,
    get_handover,
    get_run,
    held_by,
    holdings_of,
    leaving,
    newest_value_fen,
    open_handovers,
    paid_in_fen,
    runs_of,
)
from marketplace.equity.runs import approve_run, book_payment, discard_run, draft_run
from marketplace.equity.states import ContractState, HandoverAction, HandoverState, RunState
from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Invalid
from marketplace.registry.files import get_household_within
from marketplace.registry.models import Household
from marketplace.registry.offices import check_office
from marketplace.registry.queries import households_by_code
from marketplace.web.access import account, office_reach
from marketplace.web.api.documents import BODY, ApiBlueprint, only, problems
from marketplace.web.api.inputs import AREA, FenField, InputSchema, Line, PublicIdField, QueryDay, Spelled, WholeField
from marketplace.web.api.schemas import OutputSchema
from marketplace.web.portals.producer_household import own_household

blueprint: Blueprint = ApiBlueprint("api-equity", __name__, url_prefix="/api/v1/equity", description="Shares and dividends")
_STATES = [state.value for state in ContractState]
_CODE = re.compile(r"[0-9]{16}")
_RUN_STATES = [state.value for state in RunState]


class EquityAssetSchema(OutputSchema):
    """An asset with its newest value."""

    public_id = fields.String()
    kind = fields.String(validate=validate.OneOf([kind.value for kind in AssetKind]))
    name = fields.String()
    area_code = fields.String()
    value_fen = fields.Integer(allow_none=True)


class NewEquityAssetSchema(InputSchema):
    """An asset and what it is worth."""

    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in AssetKind]))
    name = Line(80, required=True)
    area_code = Spelled(AREA, most=12, required=True)
    value_fen = FenField(least=1, required=True)
    valued_on = QueryDay(required=True)
    source = Line(120, required=True)


class EquityContractSchema(OutputSchema):
    """A contract over an asset; rates in ten-thousandths."""

    public_id = fields.String()
    reference = fields.String()
    state = fields.String(validate=validate.OneOf(_STATES))
    way = fields.String(validate=validate.OneOf([way.value for way in Way]))
    operator = fields.String()
    area_code = fields.String()
    principal_fen = fields.Integer()
    units = fields.Integer()
    floor_bp = fields.Integer()
    agreed_bp = fields.Integer()
    preferred_bp = fields.Integer()
    on_exit = fields.String(validate=validate.OneOf([rule.value for rule in OnExit]))
    begins_on = fields.Date()
    ends_on = fields.Date()


class DividendRunSchema(OutputSchema):
    """A year's dividends."""

    public_id = fields.String()
    year = fields.Integer()
    state = fields.String(validate=validate.OneOf(_RUN_STATES))
    revenue_fen = fields.Integer()
    cost_fen = fields.Integer()
    source = fields.String()
    floor_fen = fields.Integer()
    bonus_fen = fields.Integer()
    bonus_paid_fen = fields.Integer(metadata={"description": "As far as the operator had paid in"})
    advanced_fen = fields.Integer(metadata={"description": "Of the floor, by the guarantee"})


class ShareHandoverSchema(OutputSchema):
    """Units that are to go over."""

    public_id = fields.String()
    state = fields.String(validate=validate.OneOf([state.value for state in HandoverState]))


class WholeEquityContractSchema(EquityContractSchema):
    """A contract with its years, its holders and what waits."""

    paid_in_fen = fields.Integer()
    runs = fields.List(fields.Nested(DividendRunSchema))
    holders = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata={"description": "Units by household code"})
    leaving = fields.List(fields.String(), metadata={"description": "Public ids of households that have left the registry"})
    handovers = fields.List(fields.Nested(ShareHandoverSchema))


class NewShareHolderSchema(InputSchema):
    """A household by its code, and how many units it is to hold."""

    code = Spelled(_CODE, most=16, required=True)
    units = WholeField(1, 1_000_000, required=True)


class NewEquityContractSchema(InputSchema):
    """A contract as it stands on paper, and who holds the shares."""

    way = fields.String(required=True, validate=validate.OneOf([way.value for way in Way]))
    operator = Line(80, required=True)
    floor_bp = WholeField(0, 10_000, required=True)
    agreed_bp = WholeField(0, 10_000, required=True)
    preferred_bp = WholeField(0, 10_000, load_default=0)
    on_exit = fields.String(required=True, validate=validate.OneOf([rule.value for rule in OnExit]))
    begins_on = QueryDay(required=True)
    ends_on = QueryDay(required=True)
    holders = fields.List(fields.Nested(NewShareHolderSchema), required=True, validate=validate.Length(1, MOST_HOLDERS))


class EquityMoneySchema(InputSchema):
    """Money that came in, with the bank's own number so that it counts once."""

    amount_fen = FenField(least=1, required=True)
    bank_reference = Line(60, required=True)


class NewDividendRunSchema(InputSchema):
    """The operator's result of a year."""

    year = WholeField(2000, 2100, required=True)
    revenue_fen = FenField(required=True)
    cost_fen = FenField(required=True)
    source = Line(120, required=True)


class NewShareHandoverSchema(InputSchema):
    """Where the units of a household go; without an heir to all that stay."""

    file = PublicIdField(required=True, metadata={"description": "The file of the household that left"})
    heir = PublicIdField(load_default=None, allow_none=True)


class EquityEndSchema(InputSchema):
    """Why a contract ends before its time."""

    reason = Line(200, load_default="")


class OwnShareSchema(OutputSchema):
    """What a household holds of a contract and has got of it."""

    contract = fields.Nested(EquityContractSchema)
    units = fields.Integer()
    received_fen = fields.Integer()


def _contract(public_id: str) -> EquityContract:
    return get_contract_within(public_id, office_reach())


@blueprint.get("/mine")
@only(RoleKind.FARMER)
@blueprint.response(200, OwnShareSchema(many=True))
@problems(404)
def equity_mine() -> Any:
    """The shares of your own household."""
    return held_by(own_household())


@blueprint.get("/assets")
@only(RoleKind.OFFICER)
@blueprint.response(200, EquityAssetSchema(many=True))
def equity_assets() -> list[dict[str, Any]]:
    """The assets of your areas."""
    return [{**_asset(asset), "value_fen": value_fen} for asset, value_fen in assets_within(office_reach())]


def _asset(asset: Any) -> dict[str, Any]:
    return {"public_id": asset.public_id, "kind": asset.kind, "name": asset.name, "area_code": asset.area_code}


@blueprint.post("/assets")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewEquityAssetSchema)
@blueprint.response(201, EquityAssetSchema)
@problems(404, *BODY)
def equity_asset_add(given: dict[str, Any]) -> dict[str, Any]:
    """Write down an asset with its first value."""
    now = clock.now()
    with transaction():
        area = office_reach().check(given["area_code"])
        asset = enter_asset(AssetKind(given["kind"]), given["name"], area, by=account(), now=now)
        value_asset(asset, given["value_fen"], given["valued_on"], given["source"], by=account(), now=now)
        return {**_asset(asset), "value_fen": newest_value_fen(asset.id)}


@blueprint.post("/assets/<public_id:public_id>/contracts")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewEquityContractSchema)
@blueprint.response(201, EquityContractSchema)
@problems(404, 409, *BODY)
def equity_contract_draft(given: dict[str, Any], public_id: str) -> EquityContract:
    """Draft a contract; a second officer signs. `floor_too_low` (422) below the province's reference rate."""
    with transaction():
        asset = get_asset_within(public_id, office_reach())
        # Whoever may not draft learns nothing of which codes exist.
        check_office(account(), asset.area_code)
        named = {row["code"]: row["units"] for row in given["holders"]}
        ids = households_by_code(named)
        if set(ids) != set(named) or len(named) != len(given["holders"]):
            raise Invalid("holder_elsewhere", N_("Shares can only go to households of the area."))
        terms = ContractTerms(
            way=Way(given["way"]),
            on_exit=OnExit(given["on_exit"]),
            **{name: given[name] for name in ("operator", "floor_bp", "agreed_bp", "preferred_bp", "begins_on", "ends_on")},
        )
        units = {ids[code]: count for code, count in named.items()}
        return draft_contract(asset, terms, units, by=account(), now=clock.now())


@blueprint.get("/contracts")
@only(RoleKind.OFFICER)
@blueprint.response(200, EquityContractSchema(many=True))
def equity_contracts() -> list[EquityContract]:
    """The contracts of your areas."""
    return [contract for contract, _ in contracts_within(office_reach())]


@blueprint.get("/contracts/<public_id:public_id>")
@only(RoleKind.OFFICER)
@blueprint.response(200, WholeEquityContractSchema)
@problems(404)
def equity_contract(public_id: str) -> dict[str, Any]:
    """A contract with its years, its holders and what waits."""
    contract = _contract(public_id)
    return _whole(contract)


def _whole(contract: EquityContract) -> dict[str, Any]:
    held, gone = holdings_of(contract), leaving(contract, local_day(clock.now()))
    households = {row.id: row for row in db.session.query(Household).filter(Household.id.in_(held))}
    return {
        **{name: getattr(contract, name) for name in EquityContractSchema().fields},
        "paid_in_fen": paid_in_fen(contract),
        "runs": runs_of(contract),
        "holders": {households[id].code: units for id, units in held.items()},
        "leaving": [households[id].public_id for id in gone],
        "handovers": open_handovers(contract),
    }


@blueprint.post("/contracts/<public_id:public_id>/sign")
@only(RoleKind.OFFICER)
@blueprint.response(200, EquityContractSchema)
@problems(404, 409)
def equity_contract_sign(public_id: str) -> EquityContract:
    """Sign what somebody else has drafted."""
    with transaction():
        contract = _contract(public_id)
        sign_contract(contract, by=account(), now=clock.now())
        return contract


@blueprint.post("/contracts/<public_id:public_id>/discard")
@only(RoleKind.OFFICER)
@blueprint.response(200, EquityContractSchema)
@problems(404, 409)
def equity_contract_discard(public_id: str) -> EquityContract:
    """Drop a draft."""
    with transaction():
        contract = _contract(public_id)
        discard_contract(contract, by=account(), now=clock.now())
        return contract


@blueprint.post("/contracts/<public_id:public_id>/end")
@only(RoleKind.OFFICER)
@blueprint.arguments(EquityEndSchema)
@blueprint.response(200, EquityContractSchema)
@problems(404, 409, *BODY)
def equity_contract_end(given: dict[str, Any], public_id: str) -> EquityContract:
    """End a contract; before its time with a reason."""
    with transaction():
        contract = _contract(public_id)
        end_contract(contract, given["reason"], by=account(), now=clock.now())
        return contract


@blueprint.post("/contracts/<public_id:public_id>/payments")
@only(RoleKind.OFFICER)
@blueprint.arguments(EquityMoneySchema)
@blueprint.response(201, WholeEquityContractSchema)
@problems(404, 409, *BODY)
def equity_payment_book(given: dict[str, Any], public_id: str) -> dict[str, Any]:
    """Book what the operator has paid in; `payment_known` (409) when the bank's number was booked before."""
    with transaction():
        contract = _contract(public_id)
        book_payment(contract, given["amount_fen"], given["bank_reference"], by=account(), now=clock.now())
        return _whole(contract)


@blueprint.post("/contracts/<public_id:public_id>/runs")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewDividendRunSchema)
@blueprint.response(201, DividendRunSchema)
@problems(404, 409, *BODY)
def dividend_run_draft(given: dict[str, Any], public_id: str) -> DividendRun:
    """Work out a year's dividends; a second officer approves them."""
    with transaction():
        amounts = (given["year"], given["revenue_fen"], given["cost_fen"], given["source"])
        return draft_run(_contract(public_id), *amounts, by=account(), now=clock.now())


@blueprint.post("/contracts/<public_id:public_id>/runs/<public_id:run>/approve")
@only(RoleKind.OFFICER)
@blueprint.response(200, DividendRunSchema)
@problems(404, 409)
def dividend_run_approve(public_id: str, run: str) -> DividendRun:
    """Book a year to its households; `guarantee_short` (409) when its floor is not there."""
    with transaction():
        found = get_run(_contract(public_id), run)
        approve_run(found, by=account(), now=clock.now())
        return found


@blueprint.post("/contracts/<public_id:public_id>/runs/<public_id:run>/discard")
@only(RoleKind.OFFICER)
@blueprint.response(200, DividendRunSchema)
@problems(404, 409)
def dividend_run_discard(public_id: str, run: str) -> DividendRun:
    """Drop a draft of a year."""
    with transaction():
        found = get_run(_contract(public_id), run)
        discard_run(found, by=account(), now=clock.now())
        return found


@blueprint.post("/contracts/<public_id:public_id>/handovers")
@only(RoleKind.OFFICER)
@blueprint.arguments(NewShareHandoverSchema)
@blueprint.response(201, ShareHandoverSchema)
@problems(404, 409, *BODY)
def share_handover_propose(given: dict[str, Any], public_id: str) -> ShareHandover:
    """Propose where the units of a household go that has left the registry; a second officer decides."""
    with transaction():
        contract, reach = _contract(public_id), office_reach()
        heir = None if given["heir"] is None else get_household_within(given["heir"], reach)
        household = get_household_within(given["file"], reach)
        return propose_handover(contract, household, heir, by=account(), now=clock.now())


@blueprint.post("/contracts/<public_id:public_id>/handovers/<public_id:handover>/approve")
@only(RoleKind.OFFICER)
@blueprint.response(200, ShareHandoverSchema)
@problems(404, 409)
def share_handover_approve(public_id: str, handover: str) -> ShareHandover:
    """Let the units go over."""
    return _decided(public_id, handover, HandoverAction.APPROVE)


@blueprint.post("/contracts/<public_id:public_id>/handovers/<public_id:handover>/refuse")
@only(RoleKind.OFFICER)
@blueprint.response(200, ShareHandoverSchema)
@problems(404, 409)
def share_handover_refuse(public_id: str, handover: str) -> ShareHandover:
    """Leave the units where they are."""
    return _decided(public_id, handover, HandoverAction.REFUSE)


def _decided(public_id: str, handover: str, action: HandoverAction) -> ShareHandover:
    with transaction():
        found = get_handover(_contract(public_id), handover)
        decide_handover(found, action, by=account(), now=clock.now())
        return found
