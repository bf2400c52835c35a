"""Rules of assistance projects, as they come with the program: who decides, within how many days, and what counts as late."""

from datetime import date

from marketplace.registry.dated import Rule

_BEGINS_ON = date(2014, 1, 1)
_OWN = "No document names a number; this one is the program's, until a province sets its own (assumed)"
_NOTICE = "State Council Leading Group 2018 No. 11: notices of projects and funds hang out for at least ten days (assumed)"

COUNTY_DECIDES_FEN = "project.county_decides_fen"
CITY_DECIDES_FEN = "project.city_decides_fen"
PASS_PERCENT = "project.pass_percent"
REVIEW = "project.review"
REVISE = "project.revise"
NOTICE = "project.notice"
APPROVE = "project.approve"
START = "project.start"
OBJECTION = "project.objection"
GAP_PERCENT = "project.gap_percent"
GAP_DAYS = "project.gap_days"
# How long a notice must hang at the least, whatever a province sets; the database holds to it as well.
LEAST_NOTICE_DAYS = 10

RULES = (
    # Up to this the county decides, and the levels above confirm; up to the next the city does; above it the province.
    Rule(COUNTY_DECIDES_FEN, "", _BEGINS_ON, 200_000_000, _OWN),
    Rule(CITY_DECIDES_FEN, "", _BEGINS_ON, 500_000_000, _OWN),
    Rule(PASS_PERCENT, "", _BEGINS_ON, 60, _OWN),
    Rule(REVIEW, "", _BEGINS_ON, {"workdays": 10}, _OWN),
    Rule(REVISE, "", _BEGINS_ON, {"workdays": 20}, _OWN),
    Rule(NOTICE, "", _BEGINS_ON, {"days": 10}, _NOTICE),
    Rule(APPROVE, "", _BEGINS_ON, {"workdays": 5}, _OWN),
    Rule(START, "", _BEGINS_ON, {"days": 90}, _OWN),
    Rule(OBJECTION, "", _BEGINS_ON, {"workdays": 10}, _OWN),
    Rule(GAP_PERCENT, "", _BEGINS_ON, 20, _OWN),
    Rule(GAP_DAYS, "", _BEGINS_ON, 30, _OWN),
)
