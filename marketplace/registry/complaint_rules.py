"""Rules of complaints and inspections, as they come with the program; whoever hears and inspects follows them."""

from datetime import date

from marketplace.registry.dated import Rule

_BEGINS_ON = date(2014, 1, 1)
_VISITS = "Regulations on Letters and Visits (2005), article {article}"
_GUIZHOU = "Guizhou, hotline on poverty relief: advice within 10, investigations within 20 working days"
_INNER_MONGOLIA = "Inner Mongolia, complaints about poverty relief: within 15 days"
_OWN = "No document names a number; this one is the program's, until a province sets its own"

TAKE_UP = "complaint.take_up"
# With the kind of complaint behind it.
ANSWER = "complaint.answer_"
ESCALATED = "complaint.escalated"
REOPEN = "complaint.reopen"
WATCH = "complaint.watch_days"
BEGIN = "inspection.begin"
REPORT = "inspection.report"
RECTIFY = "inspection.rectify"
CONFIRM = "inspection.confirm"
APPEAL = "inspection.appeal"
WEIGHTS = "inspection.weights"
PROJECT_WEIGHTS = "inspection.project_weights"
RANDOM_SHARE = "inspection.random_share_bp"

_KINDS = ("advice", "investigation", "money")
_SIXTY = _VISITS.format(article="33: a decision within sixty days")

RULES = (
    Rule(TAKE_UP, "", _BEGINS_ON, {"days": 15}, _VISITS.format(article="21: taken up within fifteen days")),
    *(Rule(ANSWER + kind, "", _BEGINS_ON, {"days": 60}, _SIXTY) for kind in _KINDS),
    Rule(TAKE_UP, "52", _BEGINS_ON, {"workdays": 3}, _OWN),
    Rule(ANSWER + "advice", "52", _BEGINS_ON, {"workdays": 10}, _GUIZHOU),
    Rule(ANSWER + "investigation", "52", _BEGINS_ON, {"workdays": 20}, _GUIZHOU),
    Rule(ANSWER + "money", "52", _BEGINS_ON, {"workdays": 20}, _GUIZHOU),
    *(Rule(ANSWER + kind, "15", _BEGINS_ON, {"days": 15}, _INNER_MONGOLIA) for kind in _KINDS),
    Rule(ESCALATED, "", _BEGINS_ON, {"workdays": 5}, _OWN),
    Rule(REOPEN, "", _BEGINS_ON, {"days": 30}, _VISITS.format(article="34: a review is asked for within thirty days")),
    Rule(WATCH, "", _BEGINS_ON, 180, _OWN),
    Rule(BEGIN, "", _BEGINS_ON, {"workdays": 20}, _OWN),
    Rule(REPORT, "", _BEGINS_ON, {"workdays": 10}, _OWN),
    Rule(RECTIFY, "", _BEGINS_ON, {"workdays": 20}, _OWN),
    Rule(CONFIRM, "", _BEGINS_ON, {"workdays": 10}, _OWN),
    Rule(APPEAL, "", _BEGINS_ON, {"workdays": 10}, _OWN),
    Rule(WEIGHTS, "", _BEGINS_ON, {"complaints": 3, "gap": 2, "idle": 2, "before": 2, "size": 1}, _OWN),
    Rule(
        PROJECT_WEIGHTS,
        "",
        _BEGINS_ON,
        {"complaints": 3, "gap": 3, "late": 2, "contractor": 1, "split": 2, "before": 2, "size": 1},
        _OWN,
    ),
    Rule(RANDOM_SHARE, "", _BEGINS_ON, 2000, _OWN),
)
