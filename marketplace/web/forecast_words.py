"""Forecasts in words and figures, for the pages of offices."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from marketplace.forecasts.models import ForecastError, ForecastKind, ForecastRun, ForecastValue
from marketplace.kernel.errors import N_
from marketplace.web.filters import grams, yuan

KINDS = {
    ForecastKind.PRICE: N_("Wholesale prices"),
    ForecastKind.DEMAND: N_("What will be asked for"),
    ForecastKind.NEEDS: N_("Needs that will come up"),
    ForecastKind.RELAPSE: N_("Who may fall back"),
}
METHODS = {
    "model": N_("Learnt"),
    "last": N_("As it was last"),
    "season": N_("As a year ago"),
    "rule": N_("A simple rule"),
}


# What speaks for a relapse, as officers read it.
REASONS = {
    "few_months_out": N_("Out of poverty only lately"),
    "persons": N_("Many to feed"),
    "dependants": N_("Many too young or too old to work"),
    "income_low": N_("Income little above the line"),
    "income_unknown": N_("Income of last year not on file"),
    "poor_before": N_("Poor more than once before"),
}


def reason_words(reasons: Mapping[str, float]) -> str:
    """Why a household is on the list, the strongest reason first."""
    order = sorted(reasons, key=lambda name: (-reasons[name], name))
    return "; ".join(str(_(REASONS[name])) for name in order)


def kind_name(run: ForecastRun) -> str:
    """What a run forecasts, with the market where it is of one."""
    name = str(_(KINDS[ForecastKind(run.kind)]))
    return f"{name} · {run.scope}" if run.scope else name


def ahead(run: ForecastRun, horizon: int) -> str:
    """How far ahead a horizon is."""
    match ForecastKind(run.kind):
        case ForecastKind.PRICE:
            return ngettext("%(num)d day ahead", "%(num)d days ahead", horizon)
        case ForecastKind.DEMAND:
            return ngettext("%(num)d week ahead", "%(num)d weeks ahead", horizon)
        case ForecastKind.NEEDS:
            return ngettext("%(num)d quarter ahead", "%(num)d quarters ahead", horizon)
        case ForecastKind.RELAPSE:
            return ngettext("%(num)d month ahead", "%(num)d months ahead", horizon)


def drift_chip(run: ForecastRun) -> tuple[str, str]:
    """Whether a run can be used as it is, with its tone."""
    return (str(_("Has drifted")), "wait") if run.drifted else (str(_("In order")), "good")


def part(value: float) -> str:
    """A part as hundredths."""
    return f"{100 * value:.1f} %"


def amount(run: ForecastRun, value: float) -> str:
    """An expected amount in its unit."""
    match ForecastKind(run.kind):
        case ForecastKind.PRICE:
            return yuan(round(value))
        case ForecastKind.DEMAND:
            return grams(round(value))
        case _:
            return f"{value:.1f}"


def error_rows(run: ForecastRun, errors: Sequence[ForecastError]) -> list[dict[str, Any]]:
    """How far each method erred, the served one marked."""
    relative = run.kind != ForecastKind.RELAPSE
    say = part if relative else "{:.4f}".format
    return [
        {
            "horizon": ahead(run, row.horizon),
            "method": str(_(METHODS[row.method])),
            "error": say(row.error),
            "between": f"{say(row.low)} – {say(row.high)}",
            "gain": f"{part(row.gain)} ({part(row.gain_low)} – {part(row.gain_high)})",
            "served": (_("Shown above"), "good") if _served(run, row.horizon) == row.method else None,
        }
        for row in errors
    ]


def _served(run: ForecastRun, horizon: int) -> str:
    return str(run.card["horizons"][str(horizon)]["served"])


def value_rows(run: ForecastRun, values: Sequence[ForecastValue], names: dict[str, str]) -> list[dict[str, Any]]:
    """What is expected, by subject and horizon."""
    return [
        {
            "name": names.get(row.subject, row.subject),
            "horizon": ahead(run, row.horizon),
            "due_on": row.due_on,
            "last": amount(run, row.last),
            "value": amount(run, row.value),
            "between": f"{amount(run, row.low)} – {amount(run, row.high)}",
        }
        for row in values
    ]


def counted(run: ForecastRun) -> list[str]:
    """How a run's figures were counted."""
    lines = [
        _(
            "The newest day known is %(cut)s. All from %(test)s on was forecast from what was known before, and compared.",
            cut=run.cut_on.isoformat(),
            test=run.test_from.isoformat(),
        ),
        _("It learnt from %(rows)s rows, by %(inputs)s inputs.", rows=f"{run.rows:,}", inputs=len(run.card["inputs"])),
        _("Intervals of errors hold the truth in 95 of 100 draws of whole blocks of time; gains are against the last value."),
    ]
    if run.kind == ForecastKind.RELAPSE:
        learnt = run.card["horizons"]["12"]["served"] == "model"
        return [
            *lines,
            _("The error is the Brier score: the mean square of likelihood less outcome, 0 at best."),
            _("The list is made by a Cox model.")
            if learnt
            else _("Too few have fallen back to learn from: the list holds those whose income is low or not known."),
        ]
    told = run.card["horizons"]
    held = "; ".join(f"{ahead(run, int(horizon))}: {part(own['covered'])}" for horizon, own in told.items())
    return [
        *lines,
        _("Four of five are meant to lie within the interval shown; in the second half of the test did – %(held)s.", held=held),
        _("Of all methods the one is shown that erred least in the first half of the test."),
    ]
