"""What is open to everybody, for programs: policy in force, sales by quarter, public money, audits, heads of the log."""

import re
from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.audits.openness import OpenResult
from marketplace.dashboard.quarters import published_quarters, published_sales
from marketplace.dashboard.three_rates import Veto
from marketplace.web.access import PUBLIC, allow
from marketplace.web.api.audits import AuditEstimateSchema
from marketplace.web.api.documents import ApiBlueprint, problems
from marketplace.web.api.inputs import COUNTY, InputSchema, Spelled
from marketplace.web.api.schemas import OutputSchema, fen
from marketplace.web.open_figures import open_audits, open_funds, open_heads, open_policies, quarter_name, quarter_of

blueprint: Blueprint = ApiBlueprint(
    "api-transparency", __name__, url_prefix="/api/v1/transparency", description="What is open to everybody"
)
_QUARTER = re.compile(r"2[0-9]{3}-Q[1-4]")


class OpenPolicySchema(OutputSchema):
    """A policy in force: shares are parts of one, null where it sets none."""

    number = fields.Integer(attribute="id")
    area_code = fields.String()
    exposure_share = fields.Float(allow_none=True)
    sales_share = fields.Float(allow_none=True)
    consumer_guard = fields.Float()
    household_floor = fields.Float()
    begins_on = fields.Date()
    ends_on = fields.Date(allow_none=True)


class OpenFundSchema(OutputSchema):
    """A fund in force, summed over its purposes: what was paid and what stands add up to what was given."""

    document = fields.String()
    title = fields.String()
    year = fields.Integer()
    area_code = fields.String()
    given_fen = fen()
    paid_fen = fen()
    standing_fen = fen()


class OpenLineSchema(OutputSchema):
    """An official line in ten-thousandths, and whether it is crossed; null where too few were asked."""

    veto = fields.String(validate=validate.OneOf([veto.value for veto in Veto]))
    line_bp = fields.Integer()
    source = fields.String()
    crossed = fields.Boolean(allow_none=True)


class OpenAuditSchema(OutputSchema):
    """A county's newest closed audit; a demand of which too few were looked at is absent; short of six the index is null."""

    county_code = fields.String()
    drawn_on = fields.Date()
    parts = fields.Dict(keys=fields.String(), values=fields.Nested(AuditEstimateSchema))
    index = fields.Nested(AuditEstimateSchema, allow_none=True)
    lines = fields.List(fields.Nested(OpenLineSchema))


class OpenQuarterSchema(OutputSchema):
    """A quarter of sales that is published."""

    county_code = fields.String()
    quarter = fields.String(metadata={"pattern": "^2[0-9]{3}-Q[1-4]$"})


class OpenHeadSchema(OutputSchema):
    """A signed head of the log; `/api/v1/log` has its signature and proofs."""

    size = fields.Integer()
    at = fields.AwareDateTime()
    root = fields.String()


class TransparencySchema(OutputSchema):
    """Everything that is open, but for the tables of sales."""

    policies = fields.List(fields.Nested(OpenPolicySchema))
    funds = fields.List(fields.Nested(OpenFundSchema))
    audits = fields.List(fields.Nested(OpenAuditSchema))
    sales = fields.List(fields.Nested(OpenQuarterSchema))
    heads = fields.List(fields.Nested(OpenHeadSchema))


class OpenSalesSchema(OutputSchema):
    """What registered households sold: whole yuan by area and month (`2026-04`), channel or `whole`; null is hidden."""

    county_code = fields.String()
    quarter = fields.String()
    published_at = fields.AwareDateTime()
    cells = fields.Dict(keys=fields.String(), values=fields.Dict(keys=fields.String(), values=fields.Integer(allow_none=True)))


class OpenSalesQuery(InputSchema):
    """Which county, and which quarter; its newest when none is said."""

    county = Spelled(COUNTY, most=6, required=True)
    quarter = Spelled(_QUARTER, most=7, load_default=None)


@blueprint.get("")
@allow(PUBLIC)
@blueprint.response(200, TransparencySchema)
def transparency() -> dict[str, Any]:
    """The policy in force, public money in sums, closed audits, and which quarters of sales are published."""
    return {
        "policies": open_policies(),
        "funds": [
            {
                "document": one.fund.document_number,
                "title": one.fund.title,
                "year": one.fund.year,
                "area_code": one.fund.area_code,
                "given_fen": one.given_fen,
                "paid_fen": one.paid_fen,
                "standing_fen": one.standing_fen,
            }
            for one in open_funds()
        ],
        "audits": [_audit(one) for one in open_audits()],
        "sales": [{"county_code": code, "quarter": quarter_name(first)} for code, first in published_quarters()],
        "heads": [{"size": head.size, "at": head.at, "root": head.root.hex()} for head in open_heads()],
    }


def _audit(one: OpenResult) -> dict[str, Any]:
    return {
        "county_code": one.county_code,
        "drawn_on": one.drawn_on,
        "parts": {demand.value: part for demand, part in one.parts.items()},
        "index": one.index,
        "lines": [
            {"veto": veto, "line_bp": line.rule.value, "source": line.rule.source, "crossed": line.crossed}
            for veto, line in one.lines.items()
        ],
    }


@blueprint.get("/sales")
@allow(PUBLIC)
@blueprint.arguments(OpenSalesQuery, location="query")
@blueprint.response(200, OpenSalesSchema)
@problems(404, 422)
def transparency_sales(given: dict[str, Any]) -> dict[str, Any]:
    """A county's quarter of sales, with whatever few households stand behind hidden, and what would give it away."""
    row = published_sales(given["county"], None if given["quarter"] is None else quarter_of(given["quarter"]))
    return {
        "county_code": row.county_code,
        "quarter": quarter_name(row.first_on),
        "published_at": row.published_at,
        "cells": row.cells,
    }
