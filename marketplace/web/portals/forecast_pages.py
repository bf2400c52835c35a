"""The pages of forecasts, which offices and auditors share: each sees what is expected in their own areas."""

from typing import Any

from flask import render_template, url_for
from sqlalchemy import select

from marketplace.catalogue.models import Product
from marketplace.forecasts.models import ForecastKind, ForecastRun, ForecastValue
from marketplace.forecasts.queries import errors_of, get_run, newest_runs, values_of
from marketplace.identity.models import RoleKind
from marketplace.kernel.db import db
from marketplace.regions.queries import area_names
from marketplace.web.access import account, reach_as
from marketplace.web.forecast_list import households_to_call_on
from marketplace.web.forecast_words import (
    counted,
    drift_chip,
    error_rows,
    kind_name,
    part,
    reason_words,
    value_rows,
)
from marketplace.web.languages import pick
from marketplace.web.places import place_name


def list_page(desk: str) -> str:
    """The newest forecast of each kind, for the desk of ``officer`` or ``oversight``."""
    runs = [
        {
            "name": kind_name(run),
            "cut_on": run.cut_on,
            "made_at": run.made_at,
            "state": drift_chip(run),
            "url": url_for(f"{desk}.forecasts.run", public_id=run.public_id),
        }
        for run in newest_runs()
    ]
    return render_template("officer/forecasts.html", runs=runs)


def run_page(desk: str, kind: RoleKind, public_id: str) -> str:
    """One forecast with its card, as far as the areas of somebody of this kind go."""
    run = get_run(public_id)
    values = values_of(run, reach_as(kind))
    return render_template(
        "officer/forecast.html",
        run=run,
        all_url=url_for(f"{desk}.forecasts.listed"),
        title=kind_name(run),
        is_price=run.kind == ForecastKind.PRICE,
        values=value_rows(run, values, _names(run, values)),
        errors=error_rows(run, errors_of(run)),
        counted=counted(run),
        households=_households(run, kind),
    )


def _households(run: ForecastRun, kind: RoleKind) -> list[dict[str, Any]] | None:
    """The work list of one's own areas, with a way into the file for those who may open one; None where the run has none."""
    if run.kind != ForecastKind.RELAPSE:
        return None
    files = kind == RoleKind.OFFICER
    return [
        {
            "name": row.code,
            "likely": part(row.probability),
            "why": reason_words(row.reasons),
            "url": url_for("officer.files.file", public_id=row.file) if files and row.file is not None else None,
        }
        for row in households_to_call_on(run, reach_as(kind), by=account())
    ]


def _names(run: ForecastRun, values: list[ForecastValue]) -> dict[str, str]:
    subjects = {value.subject for value in values}
    if run.kind == ForecastKind.NEEDS:
        return {code: place_name(name) for code, name in area_names(subjects).items()}
    rows = db.session.execute(select(Product.slug, Product.name_zh, Product.name_en).where(Product.slug.in_(subjects)))
    return {slug: pick(name_zh, name_en) for slug, name_zh, name_en in rows}
