"""Benefits and entitlements in words, for offices and households: what, how much, why, and what happens next."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from marketplace.assistance.safety_net.benefits import BenefitKind
from marketplace.assistance.safety_net.counting import SEALED
from marketplace.assistance.safety_net.expressions import in_words, read_expression
from marketplace.assistance.safety_net.facts import FACTS, Unit
from marketplace.assistance.safety_net.models import BenefitRule, CostKind, Doubt, Entitlement
from marketplace.assistance.safety_net.states import EntitlementState
from marketplace.kernel.errors import N_
from marketplace.registry.models import Household
from marketplace.registry.sealing import open_values
from marketplace.web.filters import yuan

KINDS = {
    BenefitKind.DIBAO: N_("Minimum living allowance"),
    BenefitKind.MEDICAL: N_("Medical help"),
    BenefitKind.EDUCATION: N_("Help with schooling"),
    BenefitKind.DISASTER: N_("Help after a disaster"),
    BenefitKind.PENSION: N_("Allowance for the old"),
    BenefitKind.EXPENDITURE: N_("Poor by necessary costs"),
}
COSTS = {
    CostKind.MEDICAL: N_("Treatment that no insurance paid"),
    CostKind.SCHOOLING: N_("Schooling"),
    CostKind.DISASTER: N_("Damage by a disaster"),
}
STATES = {
    EntitlementState.OPEN: (N_("Entitled, not covered"), "wait"),
    EntitlementState.GRANTED: (N_("Granted, not paid"), "info"),
    EntitlementState.PAID: (N_("Paid"), "good"),
    EntitlementState.DECLINED: (N_("Declined"), "bad"),
    EntitlementState.REVIEW: (N_("To be looked at again"), "wait"),
    EntitlementState.LAPSED: (N_("No longer"), "neutral"),
}
DOUBTS = {
    Doubt.LESS: N_("Less is counted now than was granted."),
    Doubt.ENDED: N_("Nothing is counted now of what was granted."),
    Doubt.EXIT: N_("The household has left the registry since."),
}


def chip(state: str) -> tuple[str, str]:
    """A state's words with their tone."""
    words, tone = STATES[EntitlementState(state)]
    return str(_(words)), tone


def condition_words(rule: BenefitRule) -> str:
    """Whom a benefit is for."""
    return in_words(read_expression(rule.condition, Unit.YES_NO).root, _say, yuan)


def amount_words(rule: BenefitRule) -> str:
    """How much it is a year."""
    return in_words(read_expression(rule.amount, Unit.FEN).root, _say, yuan)


def _say(words: str) -> str:
    return str(_(words))


def fact_words(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Facts with their values, in the order of the standard; one that the program no longer knows is left out."""
    return [(str(_(fact.label)), _value(fact.unit, values[name])) for name, fact in FACTS.items() if name in values]


def _value(unit: Unit, value: Any) -> str:
    match unit:
        case Unit.FEN:
            return yuan(value)
        case Unit.YES_NO:
            return str(_("yes") if value else _("no"))
    return str(value)


def entitlement_words(row: Entitlement, rule: BenefitRule, household: Household) -> dict[str, Any]:
    """An entitlement with its reasons, for the household itself and the offices over it."""
    return {
        "public_id": row.public_id,
        "name": rule.name,
        "kind": str(_(KINDS[BenefitKind(rule.kind)])),
        "year": row.year,
        "state": chip(row.state),
        "open": row.state == EntitlementState.OPEN,
        "granted": row.state == EntitlementState.GRANTED,
        "review": row.state == EntitlementState.REVIEW,
        "amount_fen": row.amount_fen,
        "granted_fen": row.granted_fen,
        "uncovered_fen": max(0, row.amount_fen - row.granted_fen),
        "since_on": row.since_on,
        "due_on": row.due_on,
        "due_provisional": row.due_provisional,
        "doubt": str(_(DOUBTS[Doubt(row.why)])) if row.why else "",
        "words": row.words,
        "condition": condition_words(rule),
        "amount": amount_words(rule),
        "source": rule.source,
        "begins_on": rule.begins_on,
        "facts": fact_words(open_values(household, row.sealed, SEALED)),
    }


def rule_words(rule: BenefitRule) -> dict[str, Any]:
    """A version of a benefit as pages show it."""
    return {
        "code": rule.code,
        "name": rule.name,
        "kind": str(_(KINDS[BenefitKind(rule.kind)])),
        "area_code": rule.area_code,
        "begins_on": rule.begins_on,
        "ends_on": rule.ends_on,
        "condition": condition_words(rule),
        "amount": amount_words(rule),
        "condition_text": rule.condition,
        "amount_text": rule.amount,
        "source": rule.source,
    }
