"""Rules of looking through public money, as they come with the program; the reader of payments follows them."""

from datetime import date

from marketplace.registry.dated import Rule

_BEGINS_ON = date(2014, 1, 1)
_IDLE = "State Council 2014 No. 70: money left unused; special funds idle for over a year are to be taken back or put to use"
_TENDER = "Works below this need no tender by the law on tenders; the province's own amount takes its place"
_OWN = "No document names a number; this one is the program's, until a province sets its own"
_DEATH = "Regulations on household registration, article 8: in the countryside a death is reported within a month"

IDLE_MONTHS = "fund.idle_months"
IDLE_LEAST_FEN = "fund.idle_least_fen"
SPLIT_BELOW_FEN = "fund.split_below_fen"
SPLIT_DAYS = "fund.split_days"
ROUND_TRIP_DAYS = "fund.round_trip_days"
ROUND_TRIP_SHARE_BP = "fund.round_trip_share_bp"
SHARED_HOUSEHOLDS = "fund.shared_households"
DEATH_DAYS = "fund.death_days"

RULES = (
    Rule(IDLE_MONTHS, "", _BEGINS_ON, 12, _IDLE),
    Rule(IDLE_LEAST_FEN, "", _BEGINS_ON, 100_000, _OWN),
    Rule(SPLIT_BELOW_FEN, "", _BEGINS_ON, 40_000_000, _TENDER),
    Rule(SPLIT_DAYS, "", _BEGINS_ON, 60, _OWN),
    Rule(ROUND_TRIP_DAYS, "", _BEGINS_ON, 30, _OWN),
    Rule(ROUND_TRIP_SHARE_BP, "", _BEGINS_ON, 9500, _OWN),
    Rule(SHARED_HOUSEHOLDS, "", _BEGINS_ON, 2, _OWN),
    Rule(DEATH_DAYS, "", _BEGINS_ON, 31, _DEATH),
)
