"""Portal: everything that is open to everybody, on one page, and no person in it."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import EXCLUDE, fields

from marketplace.audits.openness import OpenLine, OpenResult
from marketplace.dashboard.models import Channel, PublishedSales
from marketplace.dashboard.pieces import next_month
from marketplace.dashboard.precision import Demand
from marketplace.dashboard.publishing import WHOLE
from marketplace.dashboard.quarters import published_quarters, published_sales, sales_to_open_with
from marketplace.kernel.errors import N_
from marketplace.recommendations.models import Policy
from marketplace.regions.models import Level
from marketplace.regions.queries import area_names
from marketplace.web.access import PUBLIC, allow
from marketplace.web.audit_words import DEMANDS, VETOES
from marketplace.web.forms import FormSchema, read_form, spelled
from marketplace.web.open_figures import open_audits, open_funds, open_heads, open_policies, quarter_name, quarter_of
from marketplace.web.places import place_name

blueprint = Blueprint("public_transparency", __name__, url_prefix="/transparency")

_CHANNELS = {Channel.CONSUMER: N_("Families"), Channel.ENTERPRISE: N_("Enterprises"), Channel.RESERVED: N_("Reserved quota")}
_UNKNOWN = N_("No such quarter has been published.")


class QuarterQuery(FormSchema):
    """Of which county and quarter, such as ``522636:2026-Q2``."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    sales = fields.String(load_default=None, validate=spelled(r"[0-9]{6}:2[0-9]{3}-Q[1-4]", error=_UNKNOWN))


@blueprint.get("")
@allow(PUBLIC)
def everything() -> str:
    """The policy in force, sales, public money, audits, and the newest heads of the log."""
    asked: str | None = read_form(QuarterQuery(), request.args)["sales"]
    quarters, policies, funds, audits = published_quarters(), open_policies(), open_funds(), open_audits()
    areas = {*(code for code, _first in quarters), *(row.area_code for row in policies)}
    names = {
        code: place_name(name)
        for code, name in area_names(
            {*areas, *(one.fund.area_code for one in funds), *(one.county_code for one in audits)}
        ).items()
    }
    return render_template(
        "public/transparency.html",
        policies=[_policy(row, names[row.area_code]) for row in policies],
        choices=[(f"{code}:{quarter_name(first)}", f"{names[code]} · {quarter_name(first)}") for code, first in quarters],
        sales=_sales(asked),
        funds=[
            {
                "title": one.fund.title,
                "year": str(one.fund.year),
                "area": names[one.fund.area_code],
                "given": one.given_fen,
                "paid": one.paid_fen,
                "standing": one.standing_fen,
            }
            for one in funds
        ],
        paid=sum(one.paid_fen for one in funds),
        given=sum(one.given_fen for one in funds),
        audits=[_audit(one, names[one.county_code]) for one in audits],
        heads=[{"size": head.size, "at": head.at, "root": head.root.hex()} for head in open_heads()],
    )


def _policy(row: Policy, area: str) -> dict[str, Any]:
    return {"number": row.id, "area": area, "exposure": row.exposure_share, "sales": row.sales_share, "since": row.begins_on}


def _sales(asked: str | None) -> dict[str, Any] | None:
    """The quarter that was asked for, else one that has something to show."""
    if asked is not None:
        code, name = asked.split(":")
        return _quarter(published_sales(code, quarter_of(name)))
    row = sales_to_open_with()
    return _quarter(row) if row else None


def _quarter(row: PublishedSales) -> dict[str, Any]:
    months = [row.first_on, next_month(row.first_on), next_month(next_month(row.first_on))]
    townships = sorted(code for code in row.cells if len(code) == Level.TOWNSHIP)
    names = area_names([row.county_code, *townships])
    channels = [channel for channel in Channel if channel in row.cells[row.county_code]]

    def line(code: str, label: str) -> dict[str, Any]:
        own = row.cells[code]
        by_month = {f"month{number}": own[month.isoformat()[:7]] for number, month in enumerate(months)}
        return {"area": label, "whole": own[WHOLE], **by_month, **{channel.value: own[channel] for channel in channels}}

    return {
        "choice": f"{row.county_code}:{quarter_name(row.first_on)}",
        "county": place_name(names[row.county_code]),
        "quarter": quarter_name(row.first_on),
        "whole": row.cells[row.county_code][WHOLE],
        "months": [(f"month{number}", month.isoformat()[:7]) for number, month in enumerate(months)],
        "channels": [(channel.value, _(_CHANNELS[channel])) for channel in channels],
        "rows": [line(code, place_name(names[code])) for code in townships],
        "total": line(row.county_code, _("Together")),
        "published_at": row.published_at,
        "url": url_for("api-transparency.transparency_sales", county=row.county_code, quarter=quarter_name(row.first_on)),
    }


def _audit(one: OpenResult, county: str) -> dict[str, Any]:
    return {
        "county": county,
        "drawn_on": one.drawn_on,
        "index": None if one.index is None else _whole(one.index.value),
        "parts": [
            {
                "name": str(_(DEMANDS[demand][0])),
                "value": _whole(part.value) if part else _("not known"),
                "between": f"{_whole(part.low)} – {_whole(part.high)}" if part else "–",
            }
            for demand, part in ((demand, one.parts.get(demand)) for demand in Demand)
        ],
        "lines": [{"name": str(_(VETOES[veto])), "state": _state(line)} for veto, line in one.lines.items()],
    }


def _state(line: OpenLine) -> tuple[str, str]:
    if line.crossed is None:
        return _("not known"), "neutral"
    return (_("crossed"), "bad") if line.crossed else (_("held"), "good")


def _whole(part: float) -> str:
    return f"{part * 100:.0f} %"
