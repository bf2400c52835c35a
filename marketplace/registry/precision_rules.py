"""Rules of audits, as they come with the program: the lines that veto, and how much is looked at."""

from datetime import date

from marketplace.registry.dated import Rule

_BEGINS_ON = date(2014, 1, 1)
_OUT = "General Office of the Central Committee and State Council 2016 No. 16: exit standard, incidence below 3 % in the west"
_EVALUATION = "National evaluation of poverty relief since 2016: missed below 2 %, wrong exits at most 2 %, satisfaction 90 %"
_OWN = "No document names a number; this one is the program's, until a province sets its own"

MISSED_BP = "precision.missed_bp"
WRONG_EXIT_BP = "precision.wrong_exit_bp"
INCIDENCE_BP = "precision.incidence_bp"
SATISFACTION_BP = "precision.satisfaction_bp"
HOUSEHOLDS = {
    "registered": "precision.sample_registered",
    "exited": "precision.sample_exited",
    "unregistered": "precision.sample_unregistered",
}
FEN_DRAWN = "precision.sample_fen"
PROJECT_FEN_DRAWN = "precision.sample_project_fen"

RULES = (
    Rule(MISSED_BP, "", _BEGINS_ON, 200, _EVALUATION),
    Rule(WRONG_EXIT_BP, "", _BEGINS_ON, 200, _EVALUATION),
    Rule(INCIDENCE_BP, "", _BEGINS_ON, 300, _OUT),
    Rule(SATISFACTION_BP, "", _BEGINS_ON, 9000, _EVALUATION),
    *(Rule(name, "", _BEGINS_ON, 100, _OWN) for name in HOUSEHOLDS.values()),
    Rule(FEN_DRAWN, "", _BEGINS_ON, 60, _OWN),
    Rule(PROJECT_FEN_DRAWN, "", _BEGINS_ON, 60, _OWN),
)
