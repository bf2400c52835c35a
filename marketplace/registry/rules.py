"""Rules of the registry: each with a value that depends on the day and the province, and the document that says so.

Sources differ between provinces and years, so no rule is a constant in code. The values here come with the program and hold
where nobody has set another; a province sets its own as a ``RuleChange``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import Select, func, select

from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import scopes
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Forbidden, Invalid, NotFound
from marketplace.regions.codes import ancestor_codes, contains
from marketplace.regions.models import Level
from marketplace.regions.queries import get_area
from marketplace.registry import (
    answer_rules,
    assessment_rules,
    benefit_rules,
    complaint_rules,
    display_rules,
    duty_rules,
    forecast_rules,
    fund_rules,
    plan_rules,
    precision_rules,
    project_rules,
    yield_rules,
)
from marketplace.registry.cases import shipped_rules
from marketplace.registry.dated import Rule
from marketplace.registry.forms import quality
from marketplace.registry.models import RuleChange
from marketplace.registry.rule_values import Form, fits, form_of

# Rules of which the program ships no value, with one of the form that they have: a line and ratios are set by a document.
SET_BY_DOCUMENT: dict[str, Any] = {
    "poverty_line_fen": 0,
    "dibao_line_fen": 0,
    "cost_percent": {"grain": 0},
    "equity_reference_rate_bp": 0,
}
# Each procedure has its rules in a file of its own.
SHIPPED: tuple[Rule, ...] = (
    *answer_rules.RULES,
    *assessment_rules.RULES,
    *benefit_rules.RULES,
    *complaint_rules.RULES,
    *display_rules.RULES,
    *duty_rules.RULES,
    *forecast_rules.RULES,
    *fund_rules.RULES,
    *plan_rules.RULES,
    *precision_rules.RULES,
    *project_rules.RULES,
    *quality.RULES,
    *shipped_rules.RULES,
    *yield_rules.RULES,
)
# A value of each rule there is, from which its form can be read.
EXAMPLES: dict[str, Any] = {**SET_BY_DOCUMENT, **{shipped.name: shipped.value for shipped in SHIPPED}}


def rule(name: str, area_code: str, day: date) -> Rule:
    """The rule in force in an area on a day: the narrowest area that has one, and there the latest.

    Raises
    ------
    LookupError
        When no value of that rule is known for that day: a rule that was never written down cannot be followed.
    """
    found = find_rule(name, area_code, day)
    if found is None:
        raise LookupError(f"no rule {name} for {area_code} on {day}")
    return found


def find_rule(name: str, area_code: str, day: date) -> Rule | None:
    """The same; None where no value is known."""
    changed = db.session.scalars(
        _changes(area_code)
        .where(RuleChange.name == name, RuleChange.begins_on <= day)
        .order_by(func.length(RuleChange.area_code).desc(), RuleChange.begins_on.desc(), RuleChange.id.desc())
        .limit(1)
    )
    return _nearest(name, area_code, day, changed)


def rules_in_force(area_code: str, day: date) -> list[Rule]:
    """Every rule that has a value in an area on a day, by name."""
    changes = db.session.scalars(_changes(area_code).where(RuleChange.begins_on <= day).order_by(RuleChange.id)).all()
    found = (_nearest(name, area_code, day, (each for each in changes if each.name == name)) for name in sorted(EXAMPLES))
    return [each for each in found if each is not None]


def _changes(area_code: str) -> Select[tuple[RuleChange]]:
    return select(RuleChange).where(RuleChange.area_code.in_(ancestor_codes(area_code)))


def _nearest(name: str, area_code: str, day: date, changes: Iterable[RuleChange]) -> Rule | None:
    """The narrowest area's value, there one that was set before one that comes with the program, and of these the latest."""
    shipped = [
        ((len(each.area_code), False, each.begins_on, 0), each)
        for each in SHIPPED
        if each.name == name and area_code.startswith(each.area_code) and each.begins_on <= day
    ]
    changed = [
        (
            (len(each.area_code), True, each.begins_on, each.id),
            Rule(each.name, each.area_code, each.begins_on, each.value, each.source),
        )
        for each in changes
    ]
    return max([*shipped, *changed], key=itemgetter(0), default=(None, None))[1]


@dataclass(frozen=True)
class WrittenRule:
    """A value that a rule has, had or will have, and who wrote it down; nobody for what comes with the program."""

    rule: Rule
    set_by_id: int | None = None
    set_at: datetime | None = None


def rule_history(name: str, area_code: str) -> list[WrittenRule]:
    """Every value written down for an area or one above it, the latest first: what comes, what holds and what held.

    Raises
    ------
    NotFound
        ``rule_unknown``.
    """
    rule_form(name)
    changed = db.session.scalars(_changes(area_code).where(RuleChange.name == name))
    written = [
        (each.id, WrittenRule(Rule(name, each.area_code, each.begins_on, each.value, each.source), each.set_by_id, each.set_at))
        for each in changed
    ]
    shipped = [(0, WrittenRule(each)) for each in SHIPPED if each.name == name and area_code.startswith(each.area_code)]
    in_order = sorted([*written, *shipped], key=lambda row: (row[1].rule.begins_on, len(row[1].rule.area_code), row[0]))
    return [row for _, row in reversed(in_order)]


def newest_changes(area_code: str) -> dict[tuple[str, str, date], RuleChange]:
    """What was set for an area or one above it, by rule, area and first day; the latest word where there are two."""
    rows = db.session.scalars(_changes(area_code).order_by(RuleChange.id))
    return {(row.name, row.area_code, row.begins_on): row for row in rows}


def rule_form(name: str) -> Form:
    """How a rule's value is written.

    Raises
    ------
    NotFound
        ``rule_unknown``.
    """
    return form_of(name, _example(name))


def _example(name: str) -> Any:
    # Every crop can have a yield of its own.
    if name not in EXAMPLES and not name.startswith(yield_rules.YIELD):
        raise NotFound("rule_unknown", N_("There is no such rule."))
    return EXAMPLES.get(name, 0)


def may_set_rules(account: Account, area_code: str) -> bool:
    """Whether somebody may set what holds in an area: the officers of its province."""
    return any(len(own) <= Level.PROVINCE and contains(own, area_code) for own in scopes(account, RoleKind.OFFICER))


def set_rule(name: str, area_code: str, begins_on: date, value: Any, source: str, *, by: Account, now: datetime) -> RuleChange:
    """Set a rule in an area from a day on, in place of what holds there; what held on earlier days stays as it was.

    Raises
    ------
    Invalid
        ``rule_value`` for a value of another form than the rule has; ``rule_day`` for a day that is over;
        ``rule_source`` without the document that says so.
    NotFound
        ``area_unknown``, ``rule_unknown``.
    Forbidden
        ``rule_level`` for whoever is no officer of the province.
    """
    area = get_area(area_code)
    rule_form(name)
    if not may_set_rules(by, area.code):
        raise Forbidden("rule_level", N_("The officers of the province set its rules."))
    if not fits(name, value, _example(name)):
        raise Invalid("rule_value", N_("The rule cannot have this value."))
    if begins_on < local_day(now):
        raise Invalid("rule_day", N_("A rule can begin today at the earliest; past days keep theirs."))
    if not source.strip():
        raise Invalid("rule_source", N_("Please name the document that says so."))
    change = RuleChange(
        name=name,
        area_code=area.code,
        begins_on=begins_on,
        value=value,
        source=source.strip()[:200],
        set_by_id=by.id,
        set_at=now,
    )
    db.session.add(change)
    db.session.flush()
    audit.record(
        "registry.rule_set",
        "area",
        area.code,
        actor=by.public_id,
        at=now,
        name=name,
        begins_on=begins_on.isoformat(),
        value=value,
    )
    return change
