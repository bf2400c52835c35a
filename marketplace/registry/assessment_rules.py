"""Rules of how poor households are counted to be, and of when the numbers part, as they come with the program."""

from datetime import date

from marketplace.kernel.errors import N_
from marketplace.registry.dated import Rule

_BEGINS_ON = date(2013, 1, 1)
_OWN = N_("A parameter of this system; a province sets its own (assumed)")

RULES = (
    # Two fifths of the population between two numbers, or opposite verdicts each a tenth clear of the line.
    Rule("disagreement_most_apart_percent", "", _BEGINS_ON, 40, _OWN),
    Rule("disagreement_clear_by_percent", "", _BEGINS_ON, 10, _OWN),
    Rule("disagreement_visit_days", "", _BEGINS_ON, 30, _OWN),
    Rule(
        "deprivation_cutoff",
        "",
        _BEGINS_ON,
        [1, 3],
        N_("UNDP and OPHI, global multidimensional poverty index: one third (checked)"),
    ),
)
