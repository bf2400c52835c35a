"""The rule by which offices answer questions, as it comes with the program; what it means is said in ``advisory``."""

from datetime import date

from marketplace.registry.dated import Rule

# How long an officer has to answer a question that no article answers.
ANSWER_WITHIN = "advisory.answer_within"

RULES = (Rule(ANSWER_WITHIN, "", date(2013, 1, 1), {"workdays": 5}, "Assumed by the program until an office sets its own"),)
