"""The rules of procedures that come with the program: name, area, first day, value and where it comes from.

Lengths are written ``{"days": n}`` or ``{"workdays": n}``, shares in hundredths of a percent, fractions as numerator and
denominator. Documents differ and change, so a province sets its own values beside these (``registry.rules``). Each says whether
its source was read (*checked*) or the value is the program's until somebody brings one (*assumed*); see ``docs/sources.md``.
"""

from datetime import date
from typing import Any

from marketplace.kernel.errors import N_
from marketplace.registry.dated import Rule

_QUORUM = N_(
    "Organic Law of Villagers’ Committees, article 22: more than half of the adults, or the representatives of two thirds of"
    " the households (checked)"
)
_MAJORITY = N_("Organic Law of Villagers’ Committees, article 22: more than half of those present (checked)")
_TRACKED = N_("Practice of the provinces: support goes on after leaving, and the household is followed for a year (assumed)")
_WATCH_DAYS = N_(
    "Practice of the provinces since 2021: five days in the village (assumed; the opinions of 2020 name no length)"
)
_WATCH_TERM = N_(
    "Practice of the provinces since 2021: fifteen days from clue to decision (assumed; the opinions of 2020 name no length)"
)
_UNSAID = N_("No length is set nationally; this one is the program’s, until a province sets its own (assumed)")
_OPEN = N_("Local documents name 5, 7 or 10 days, most of them 7 (checked); it holds until a province sets its own")
_LONGEST = N_("Local documents name 5, 7 or 10 days (checked); the longest holds, until the province sets its own")
_FIFTH = N_("Practice of the provinces: townships visit at least a fifth of a village’s list (assumed)")
_TENTH = N_("Practice of the provinces: counties visit at least a tenth of a village’s list (assumed)")
_GRACE = N_(
    "Personal Information Protection Law, article 19: no longer than the purpose needs (checked); the number is the program’s"
)
_BEGIN, _BEGIN_EXIT, _BEGIN_WATCH = date(2014, 1, 1), date(2016, 1, 1), date(2020, 3, 20)

_ROWS: tuple[tuple[str, str, date, Any, str], ...] = (
    ("entry.assembly", "", _BEGIN, {"days": 30}, _UNSAID),
    ("entry.quorum", "", _BEGIN, [2, 3], _QUORUM),
    ("entry.majority", "", _BEGIN, [1, 2], _MAJORITY),
    ("entry.check", "", _BEGIN, {"workdays": 10}, _UNSAID),
    ("entry.check_share_bp", "", _BEGIN, 2000, _FIFTH),
    ("entry.review", "", _BEGIN, {"workdays": 10}, _UNSAID),
    ("entry.review_share_bp", "", _BEGIN, 1000, _TENTH),
    ("notice.publish", "", _BEGIN, {"workdays": 3}, _UNSAID),
    ("notice.close", "", _BEGIN, {"workdays": 3}, _UNSAID),
    ("notice.grace", "", _BEGIN, {"days": 3}, _GRACE),
    ("notice.entry_first", "", _BEGIN, {"days": 7}, _OPEN),
    ("notice.entry_second", "", _BEGIN, {"days": 7}, _OPEN),
    ("notice.entry_announcement", "", _BEGIN, {"days": 7}, _OPEN),
    ("notice.exit", "", _BEGIN_EXIT, {"days": 7}, _OPEN),
    ("notice.exit_announcement", "", _BEGIN_EXIT, {"days": 7}, _OPEN),
    ("notice.monitoring", "", _BEGIN_WATCH, {"days": 5}, _WATCH_DAYS),
    ("notice.removal", "", _BEGIN_WATCH, {"days": 5}, _WATCH_DAYS),
    ("notice.entry_first", "52", _BEGIN, {"days": 10}, _LONGEST),
    ("notice.entry_second", "52", _BEGIN, {"days": 10}, _LONGEST),
    ("notice.exit", "52", _BEGIN_EXIT, {"days": 10}, _LONGEST),
    ("exit.verify", "", _BEGIN_EXIT, {"workdays": 10}, _UNSAID),
    ("exit.agree", "", _BEGIN_EXIT, {"workdays": 5}, _UNSAID),
    ("exit.lift", "", _BEGIN_EXIT, {"workdays": 10}, _UNSAID),
    ("exit.tracking", "", _BEGIN_EXIT, {"days": 365}, _TRACKED),
    ("monitoring.decide", "", _BEGIN_WATCH, {"days": 15}, _WATCH_TERM),
    ("monitoring.removal", "", _BEGIN_WATCH, {"workdays": 10}, _UNSAID),
    ("objection.decide", "", _BEGIN, {"workdays": 5}, _UNSAID),
    ("alert.look", "", _BEGIN, {"workdays": 15}, _UNSAID),
)

RULES = tuple(Rule(*row) for row in _ROWS)
