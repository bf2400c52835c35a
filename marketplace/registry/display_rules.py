"""Rules of how much of the files is shown, and to whom, as they come with the program."""

from datetime import date

from marketplace.kernel.errors import N_
from marketplace.registry.dated import Rule

_BEGINS_ON = date(2013, 1, 1)
_PIPL_51 = N_(
    "Personal Information Protection Law, article 51: access as far as the work needs it; the number is our own (assumed)"
)
_CELLS = N_("Practice of official statistics for small cells; the number is our own (assumed)")

SEARCHES_AN_HOUR = "searches_an_hour"
SEARCHES_A_DAY = "searches_a_day"
EXPORT_HOURS = "export_hours"
SMALLEST_CELL = "smallest_cell"
NARROWEST_INTERVAL = "narrowest_interval"
INCOME_BANDS = "income_bands"

RULES = (
    Rule(SEARCHES_AN_HOUR, "", _BEGINS_ON, 60, _PIPL_51),
    Rule(SEARCHES_A_DAY, "", _BEGINS_ON, 300, _PIPL_51),
    Rule(EXPORT_HOURS, "", _BEGINS_ON, 24, _PIPL_51),
    Rule(SMALLEST_CELL, "", _BEGINS_ON, 10, _CELLS),
    Rule(NARROWEST_INTERVAL, "", _BEGINS_ON, 5, _CELLS),
    # The first bound is the line of 2010 in prices of that year, 2,300 yuan; in fen a head and year.
    Rule(
        INCOME_BANDS,
        "",
        _BEGINS_ON,
        [230_000, 300_000, 400_000, 600_000],
        N_("Our own bands above the line of 2,300 yuan (assumed)"),
    ),
)
