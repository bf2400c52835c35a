"""Rules of responsibility and of needs, as they come with the program; the domain of assistance follows them."""

from datetime import date

from marketplace.registry.dated import Rule

_BEGINS_ON = date(2014, 1, 1)
_FENGSHAN = "Fengshan county: households by rank, a second helper at most five; other counties set their own"
_OWN = "No document names a number; this one is the program's, until a province sets its own"

QUOTA = "duty.quota"
HANDOVER = "duty.handover"
PAPER = "duty.paper"
VISITS_A_YEAR = "duty.visits_a_year"
FUNDS_TARGET_FEN = "duty.funds_target_fen"
SCORE_SHEET = "duty.score_sheet"
NEED_VERIFY = "need.verify"
NEED_OPEN = "need.open"
NEED_DELIVER = "need.deliver"
NEED_CLOSE = "need.close"
NEED_NEARNESS = "need.nearness"
NEED_PRIOR = "need.prior"

RULES = (
    Rule(
        QUOTA,
        "",
        _BEGINS_ON,
        {"county_head": 8, "county_deputy": 7, "section_head": 6, "section_deputy": 5, "other_rank": 4, "second": 5},
        _FENGSHAN,
    ),
    Rule(HANDOVER, "", _BEGINS_ON, {"days": 7}, "Responsibility of helpers: handed over within seven days of leaving office"),
    Rule(PAPER, "", _BEGINS_ON, {"workdays": 10}, _OWN),
    Rule(VISITS_A_YEAR, "", _BEGINS_ON, 4, _OWN),
    Rule(FUNDS_TARGET_FEN, "", _BEGINS_ON, 50_000, _OWN),
    Rule(SCORE_SHEET, "", _BEGINS_ON, {"visits": 30, "confirmed": 20, "satisfaction": 30, "funds": 20}, _OWN),
    Rule(NEED_VERIFY, "", _BEGINS_ON, {"workdays": 5}, _OWN),
    Rule(NEED_OPEN, "", _BEGINS_ON, {"days": 60}, _OWN),
    Rule(NEED_DELIVER, "", _BEGINS_ON, {"workdays": 20}, _OWN),
    Rule(NEED_CLOSE, "", _BEGINS_ON, {"workdays": 5}, _OWN),
    # In hundredths: how much an offer from as near as that counts beside one from the same township.
    Rule(NEED_NEARNESS, "", _BEGINS_ON, {"township": 100, "county": 85, "city": 70, "province": 60, "beyond": 50}, _OWN),
    # As if so many pledges had been kept and lapsed before the first.
    Rule(NEED_PRIOR, "", _BEGINS_ON, {"kept": 2, "lapsed": 1}, _OWN),
)
