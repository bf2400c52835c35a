"""The poverty line, the cost ratios and the other standards by which households are measured, on a day in an area.

A province's own ``RuleChange`` comes first, then the rows that the measures know from their sources. Where neither has one,
there is none: nothing is carried over from another year or another prefecture.
"""

from datetime import date

from marketplace.registry.measures.assurances import AssuranceStandard, assurance_standard
from marketplace.registry.measures.dated import NotInForceError
from marketplace.registry.measures.disagreement import DisagreementRule
from marketplace.registry.measures.income_card import CostStandard, cost_standard
from marketplace.registry.measures.poverty_line import PovertyLine, poverty_line
from marketplace.registry.rules import find_rule, rule


def line_on(area_code: str, day: date) -> PovertyLine | None:
    """The poverty line that judges incomes of a day's year; None where nobody has set one."""
    set_here = find_rule("poverty_line_fen", area_code, day)
    if set_here is not None:
        return PovertyLine(set_here.area_code, set_here.begins_on, None, set_here.value, set_here.source)
    try:
        return poverty_line(day, area_code)
    except NotInForceError:
        return None


def costs_on(area_code: str, day: date) -> CostStandard | None:
    """The standard cost ratios for receipts of a day's year; None where there are none."""
    set_here = find_rule("cost_percent", area_code, day)
    if set_here is not None:
        return CostStandard(set_here.area_code, set_here.begins_on, None, set_here.value, set_here.source)
    try:
        return cost_standard(day, area_code)
    except NotInForceError:
        return None


def assurances_on(area_code: str, day: date) -> AssuranceStandard | None:
    """The standard of food, clothing, schooling, health care, housing and water; None where there is none."""
    try:
        return assurance_standard(day, area_code)
    except NotInForceError:
        return None


def disagreement_on(area_code: str, day: date) -> DisagreementRule:
    """How far two of the four numbers may part before somebody goes and looks."""
    apart = rule("disagreement_most_apart_percent", area_code, day).value
    clear = rule("disagreement_clear_by_percent", area_code, day).value
    return DisagreementRule(apart / 100, clear / 100)
