"""Forecasts for programs: the newest of each kind, and one with its errors and what it expects in your areas."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.forecasts.models import ForecastKind, ForecastRun
from marketplace.forecasts.queries import errors_of, get_run, newest_runs, values_of
from marketplace.forecasts.relapse import INPUTS
from marketplace.identity.models import RoleKind
from marketplace.kernel.errors import N_, NotFound
from marketplace.web.access import account, reach_as
from marketplace.web.api.documents import ApiBlueprint, only, problems
from marketplace.web.api.inputs import AREA, InputSchema, Spelled
from marketplace.web.api.schemas import OutputSchema
from marketplace.web.forecast_list import HouseholdToCallOn, households_to_call_on

_READERS = (RoleKind.OFFICER, RoleKind.AUDITOR)

blueprint: Blueprint = ApiBlueprint(
    "api-forecasts", __name__, url_prefix="/api/v1/forecasts", description="What is likely to come"
)


class ForecastSchema(OutputSchema):
    """A run: what it knew, learnt from and was tested on, and whether its newest errors have moved past the rule's line."""

    public_id = fields.String()
    kind = fields.String(validate=validate.OneOf([kind.value for kind in ForecastKind]))
    scope = fields.String(metadata={"description": "The market of prices; empty for all else"})
    cut_on = fields.Date(metadata={"description": "Nothing dated later was known"})
    test_from = fields.Date()
    made_at = fields.AwareDateTime()
    rows = fields.Integer(metadata={"description": "Rows that were learnt from"})
    made_up = fields.Boolean(metadata={"description": "Its data are made up: the figures prove the program alone"})
    drift = fields.Float()
    drift_percent = fields.Integer(metadata={"description": "The line of the rule; 100 is a drift of 1"})
    drifted = fields.Boolean()


class ForecastErrorSchema(OutputSchema):
    """How far a method erred, with an interval of 95 %, and by what part less than the last value did."""

    horizon = fields.Integer()
    method = fields.String(validate=validate.OneOf(["model", "last", "season", "rule"]))
    error = fields.Float()
    low = fields.Float()
    high = fields.Float()
    gain = fields.Float()
    gain_low = fields.Float()
    gain_high = fields.Float()


class ForecastValueSchema(OutputSchema):
    """What is expected, with an interval of 80 %: fen per 500 g, grams, or a number of needs."""

    subject = fields.String(metadata={"description": "The slug of a kind of goods, or the code of a township"})
    horizon = fields.Integer()
    due_on = fields.Date()
    value = fields.Float()
    low = fields.Float()
    high = fields.Float()
    last = fields.Float()


class ForecastWholeSchema(ForecastSchema):
    """A run with its errors and what it expects."""

    errors = fields.List(fields.Nested(ForecastErrorSchema))
    values = fields.List(fields.Nested(ForecastValueSchema))


class ForecastAreaSchema(InputSchema):
    """One of your areas, or none for all of them."""

    area_code = Spelled(AREA, most=12, load_default=None)


class ForecastHouseholdSchema(OutputSchema):
    """A household that may be registered or monitored again within a year, and what speaks for it."""

    file = fields.String(
        allow_none=True, metadata={"description": "Public id of the file; null for auditors, who open no files"}
    )
    code = fields.String()
    probability = fields.Float(metadata={"description": "Of being registered or monitored again within twelve months"})
    reasons = fields.Dict(
        keys=fields.String(validate=validate.OneOf(INPUTS)),
        values=fields.Float(),
        metadata={"description": "The inputs that speak for it most, with the log of the factor by which each raises the risk"},
    )


@blueprint.get("")
@only(*_READERS)
@blueprint.response(200, ForecastSchema(many=True))
def forecast_list() -> list[ForecastRun]:
    """The newest forecast of each kind and market."""
    return newest_runs()


@blueprint.get("/<public_id:public_id>")
@only(*_READERS)
@blueprint.response(200, ForecastWholeSchema)
@problems(404)
def forecast_show(public_id: str) -> dict[str, Any]:
    """A forecast with its errors; of needs, those of your own townships."""
    run = get_run(public_id)
    told = {name: getattr(run, name) for name in ForecastSchema().fields}
    return {**told, "errors": errors_of(run), "values": values_of(run, reach_as(*_READERS))}


@blueprint.get("/<public_id:public_id>/households")
@only(*_READERS)
@blueprint.arguments(ForecastAreaSchema, location="query")
@blueprint.response(200, ForecastHouseholdSchema(many=True))
@problems(404, 422)
def forecast_households(asked: dict[str, Any], public_id: str) -> list[HouseholdToCallOn]:
    """The hundred households of your areas to call on first, the most likely to fall back at the top; who reads it is noted.

    It is a list to plan visits by: nobody is registered, monitored or refused because of it. `forecast_without_list` (404) for
    a forecast that names no households.
    """
    run, reach = get_run(public_id), reach_as(*_READERS)
    if run.kind != ForecastKind.RELAPSE:
        raise NotFound("forecast_without_list", N_("This forecast names no households."))
    if asked["area_code"] is not None:
        reach = reach.narrowed(asked["area_code"])
    return households_to_call_on(run, reach, by=account())
