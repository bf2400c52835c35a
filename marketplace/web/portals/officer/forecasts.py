"""What is likely to come: prices, demand, needs, each beside the simplest guesses."""

from typing import Any

from flask import Blueprint, render_template, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from marketplace.catalogue.models import Product
from marketplace.forecasts.models import ForecastKind, ForecastRun, ForecastValue
from marketplace.forecasts.queries import errors_of, get_run, newest_runs, risks_of, values_of
from marketplace.identity.models import RoleKind
from marketplace.kernel.db import db
from marketplace.regions.queries import area_names
from marketplace.web.access import allow, office_reach
from marketplace.web.forecast_words import counted, error_rows, kind_name, part, reason_words, value_rows
from marketplace.web.languages import pick
from marketplace.web.places import place_name

blueprint = Blueprint("forecasts", __name__, url_prefix="/forecasts")
# So many households can be called on before the list is made anew.
_SHOWN = 100


@blueprint.get("")
@allow(RoleKind.OFFICER)
def listed() -> str:
    """The newest forecast of each kind."""
    return render_template("officer/forecasts.html", runs=[_row(run) for run in newest_runs()])


def _row(run: ForecastRun) -> dict[str, Any]:
    state = (_("Has drifted"), "wait") if run.drifted else (_("In order"), "good")
    return {
        "name": kind_name(run),
        "cut_on": run.cut_on,
        "made_at": run.made_at,
        "state": state,
        "url": url_for("officer.forecasts.run", public_id=run.public_id),
    }


@blueprint.get("/<public_id>")
@allow(RoleKind.OFFICER)
def run(public_id: str) -> str:
    """One forecast with its card."""
    found = get_run(public_id)
    values = values_of(found, office_reach())
    return render_template(
        "officer/forecast.html",
        run=found,
        title=kind_name(found),
        is_price=found.kind == ForecastKind.PRICE,
        values=value_rows(found, values, _names(found, values)),
        errors=error_rows(found, errors_of(found)),
        counted=counted(found),
        households=_households(found),
    )


def _households(run: ForecastRun) -> list[dict[str, Any]] | None:
    """The work list of one's own area; None where the run has none."""
    if run.kind != ForecastKind.RELAPSE:
        return None
    return [
        {
            "name": household.code,
            "likely": part(risk.probability),
            "why": reason_words(risk.reasons),
            "url": url_for("officer.files.file", public_id=household.public_id),
        }
        for risk, household in risks_of(run, office_reach(), _SHOWN)
    ]


def _names(run: ForecastRun, values: list[ForecastValue]) -> dict[str, str]:
    subjects = {value.subject for value in values}
    if run.kind == ForecastKind.NEEDS:
        return {code: place_name(name) for code, name in area_names(subjects).items()}
    rows = db.session.execute(select(Product.slug, Product.name_zh, Product.name_en).where(Product.slug.in_(subjects)))
    return {slug: pick(name_zh, name_en) for slug, name_zh, name_en in rows}
