"""The rules of procedures that come with the program: name, area, first day, value and where it comes from.

Lengths are written ``{"days": n}`` or ``{"workdays": n}``, shares in hundredths of a percent, fractions as numerator and
denominator. Documents differ and change, so a province sets its own values beside these (``registry.rules``).
"""

from datetime import date
from typing import Any

from marketplace.registry.dated import Rule

_ORGANIC_LAW = "Organic Law of Villagers' Committees, article 22"
_EXIT = (
    "Opinions on establishing a mechanism for leaving poverty, General Offices of the Central Committee and State Council, 2016"
)
_WATCH = "Guiding opinions on monitoring and helping to prevent a return to poverty, 2020"
_UNSAID = "No length is set nationally; this one is the program's, until a province sets its own"
_OPEN = "Local documents name 5, 7 or 10 days; this one is the program's, until a province sets its own"
_LONGEST = "Local documents name 5, 7 or 10 days; the longest holds, until the province sets its own"
_BEGIN, _BEGIN_EXIT, _BEGIN_WATCH = date(2014, 1, 1), date(2016, 1, 1), date(2020, 3, 1)

_ROWS: tuple[tuple[str, str, date, Any, str], ...] = (
    ("entry.assembly", "", _BEGIN, {"days": 30}, _UNSAID),
    ("entry.quorum", "", _BEGIN, [2, 3], _ORGANIC_LAW + ": representatives of at least two thirds of the households"),
    ("entry.majority", "", _BEGIN, [1, 2], _ORGANIC_LAW + ": more than half of those present"),
    ("entry.check", "", _BEGIN, {"workdays": 10}, _UNSAID),
    ("entry.check_share_bp", "", _BEGIN, 2000, "Townships visit at least a fifth of a village's list"),
    ("entry.review", "", _BEGIN, {"workdays": 10}, _UNSAID),
    ("entry.review_share_bp", "", _BEGIN, 1000, "Counties visit at least a tenth of a village's list"),
    ("notice.publish", "", _BEGIN, {"workdays": 3}, _UNSAID),
    ("notice.close", "", _BEGIN, {"workdays": 3}, _UNSAID),
    (
        "notice.grace",
        "",
        _BEGIN,
        {"days": 3},
        "A page is gone soon after its notice; Personal Information Protection Law, article 19",
    ),
    ("notice.entry_first", "", _BEGIN, {"days": 7}, _OPEN),
    ("notice.entry_second", "", _BEGIN, {"days": 7}, _OPEN),
    ("notice.entry_announcement", "", _BEGIN, {"days": 7}, _OPEN),
    ("notice.exit", "", _BEGIN_EXIT, {"days": 7}, _OPEN),
    ("notice.exit_announcement", "", _BEGIN_EXIT, {"days": 7}, _OPEN),
    ("notice.monitoring", "", _BEGIN_WATCH, {"days": 5}, _WATCH + ": at least five days in the village"),
    ("notice.removal", "", _BEGIN_WATCH, {"days": 5}, _WATCH + ": at least five days in the village"),
    ("notice.entry_first", "52", _BEGIN, {"days": 10}, _LONGEST),
    ("notice.entry_second", "52", _BEGIN, {"days": 10}, _LONGEST),
    ("notice.exit", "52", _BEGIN_EXIT, {"days": 10}, _LONGEST),
    ("exit.verify", "", _BEGIN_EXIT, {"workdays": 10}, _UNSAID),
    ("exit.agree", "", _BEGIN_EXIT, {"workdays": 5}, _UNSAID),
    ("exit.lift", "", _BEGIN_EXIT, {"workdays": 10}, _UNSAID),
    ("exit.tracking", "", _BEGIN_EXIT, {"days": 365}, _EXIT + ": support goes on after leaving; here tracked for one year"),
    ("monitoring.decide", "", _BEGIN_WATCH, {"days": 15}, _WATCH + ": from clue to decision within fifteen days"),
    ("monitoring.removal", "", _BEGIN_WATCH, {"workdays": 10}, _UNSAID),
    ("objection.decide", "", _BEGIN, {"workdays": 5}, _UNSAID),
    ("alert.look", "", _BEGIN, {"workdays": 15}, _UNSAID),
)

RULES = tuple(Rule(*row) for row in _ROWS)
