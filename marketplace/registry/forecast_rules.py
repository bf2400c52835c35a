"""From where on a forecast has drifted, as it comes with the program."""

from datetime import date

from marketplace.registry.dated import Rule

_BEGINS_ON = date(2013, 1, 1)
_OWN = "No document names a number; this one is the program's, until a province sets its own"
_SIDDIQI = "Siddiqi 2006, Credit Risk Scorecards: a population stability index above 0.25 is a shift"

# How many hundredths of its error on the rest of the test the error on the newest part of it may be.
ERROR_RATIO = "forecast.error_ratio_parts"
# The population stability index of those judged now against those learnt from, in hundredths.
STABILITY = "forecast.stability_parts"
# Below so many hundredths of the poverty line an income is low.
LOW_INCOME = "forecast.low_income_parts"

RULES = (
    Rule(ERROR_RATIO, "", _BEGINS_ON, 150, _OWN),
    Rule(STABILITY, "", _BEGINS_ON, 25, _SIDDIQI),
    Rule(LOW_INCOME, "", _BEGINS_ON, 150, _OWN),
)
