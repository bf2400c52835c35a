"""Rules of deciding about benefits, as they come with the program."""

from datetime import date

from marketplace.kernel.errors import N_
from marketplace.registry.dated import Rule

_DECISION = N_(
    "Measures for the examination of minimum living allowances, Ministry of Civil Affairs 2021 No. 57: thirty working days"
    " (assumed for other benefits)"
)
_BEFORE = N_("No length is set nationally; this one is the program’s, until a province sets its own (assumed)")

RULES = (
    Rule("benefit.decide", "", date(2014, 1, 1), {"workdays": 30}, _BEFORE),
    Rule("benefit.decide", "", date(2021, 7, 1), {"workdays": 30}, _DECISION),
)
