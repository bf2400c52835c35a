"""A season in words and as a small calendar, from the ISO weeks that a listing keeps."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from flask_babel import format_date
from flask_babel import gettext as _

from marketplace.web.languages import is_chinese

_WEEKS = 52


def season_runs(weeks: Collection[int]) -> list[tuple[int, int]]:
    """The first and last week of each unbroken stretch; one that goes over new year begins in the old one.

    >>> season_runs([1, 2, 50, 51, 52, 20])
    [(20, 20), (50, 2)]
    """
    inside = {min(week, _WEEKS) for week in weeks if week >= 1}
    if len(inside) == _WEEKS:
        return [(1, _WEEKS)]
    firsts = sorted(week for week in inside if (week - 2) % _WEEKS + 1 not in inside)
    runs = []
    for first in firsts:
        last = first
        while last % _WEEKS + 1 in inside:
            last = last % _WEEKS + 1
        runs.append((first, last))
    return runs


def season_words(weeks: Collection[int]) -> str:
    """When it is in season, in months; empty when nothing is known."""
    runs = season_runs(weeks)
    if not runs:
        return ""
    if runs == [(1, _WEEKS)]:
        return str(_("In season all year."))
    return str(_("In season: %(months)s.", months=_(", ").join(_months(first, last) for first, last in runs)))


def _months(first: int, last: int) -> str:
    # The Thursday of a week decides to which month it mostly belongs; any recent year will do.
    days = [date.fromisocalendar(2026, week, 4) for week in (first, last)]
    names = [f"{day.month}月" if is_chinese() else str(format_date(day, "LLLL")) for day in days]
    if names[0] == names[1]:
        return names[0]
    return str(_("%(first)s to %(last)s", first=names[0], last=names[1]))


def season_calendar(weeks: Sequence[int], today: date) -> dict[str, Any] | None:
    """What the ``season_calendar`` macro shows; None when nothing is known of the season."""
    summary = season_words(weeks)
    if not summary:
        return None
    inside = {min(week, _WEEKS) for week in weeks}
    return {
        "weeks": [int(week in inside) for week in range(1, _WEEKS + 1)],
        "now": min(today.isocalendar().week, _WEEKS),
        "summary": summary,
    }
