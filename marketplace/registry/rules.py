"""Rules of the registry: each with a value that depends on the day and the province, and the document that says so.

Sources differ between provinces and years, so no rule is a constant in code. The values here come with the program and hold
where nobody has set another; a province sets its own as a ``RuleChange``.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid
from marketplace.regions.codes import ancestor_codes
from marketplace.regions.queries import get_area
from marketplace.registry import assessment_rules, display_rules, plan_rules
from marketplace.registry.cases import shipped_rules
from marketplace.registry.dated import Rule
from marketplace.registry.forms import quality
from marketplace.registry.models import RuleChange

# Rules of which the program ships no value, with one of the form that they have: a line and ratios are set by a document.
SET_BY_DOCUMENT: dict[str, Any] = {"poverty_line_fen": 0, "cost_percent": {"grain": 0}}
# Each procedure has its rules in a file of its own.
SHIPPED: tuple[Rule, ...] = (
    *assessment_rules.RULES,
    *display_rules.RULES,
    *plan_rules.RULES,
    *quality.RULES,
    *shipped_rules.RULES,
)


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
    found = [
        shipped
        for shipped in SHIPPED
        if shipped.name == name and area_code.startswith(shipped.area_code) and shipped.begins_on <= day
    ]
    changed = db.session.scalars(
        select(RuleChange)
        .where(RuleChange.name == name, RuleChange.area_code.in_(ancestor_codes(area_code)), RuleChange.begins_on <= day)
        .order_by(func.length(RuleChange.area_code).desc(), RuleChange.begins_on.desc(), RuleChange.id.desc())
        .limit(1)
    ).first()
    shipped = max(found, key=lambda each: (len(each.area_code), each.begins_on), default=None)
    if changed is not None and (shipped is None or len(changed.area_code) >= len(shipped.area_code)):
        return Rule(changed.name, changed.area_code, changed.begins_on, changed.value, changed.source)
    return shipped


def rules_in_force(area_code: str, day: date) -> list[Rule]:
    """Every rule that has a value in an area on a day, by name."""
    names = sorted({shipped.name for shipped in SHIPPED} | SET_BY_DOCUMENT.keys())
    return [found for name in names if (found := find_rule(name, area_code, day)) is not None]


def set_rule(name: str, area_code: str, begins_on: date, value: Any, source: str, *, by: Account, now: datetime) -> RuleChange:
    """Set a rule in an area from a day on, in place of what holds there; what held on earlier days stays as it was.

    Raises
    ------
    Invalid
        ``rule_unknown``; ``rule_value`` for a value of another form than the rule has; ``rule_day`` for a day that is over;
        ``rule_source`` without the document that says so.
    NotFound
        ``area_unknown``.
    """
    area = get_area(area_code)
    examples = {**SET_BY_DOCUMENT, **{shipped.name: shipped.value for shipped in SHIPPED}}
    if name not in examples:
        raise Invalid("rule_unknown", N_("There is no such rule."))
    if not _has_form(value, examples[name]):
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


def _has_form(value: Any, example: Any) -> bool:
    """Whether a value is written like the one that a rule has: whole numbers of at least 0, alone, in a list or by name."""
    if isinstance(example, dict):
        lengths = {"days", "workdays"}
        names = lengths if example.keys() <= lengths else example.keys() | {"grain", "tobacco", "livestock", "fruit", "other"}
        return (
            isinstance(value, dict)
            and bool(value)
            and value.keys() <= names
            and all(_is_whole(each) for each in value.values())
        )
    if isinstance(example, list):
        return isinstance(value, list) and bool(value) and all(_is_whole(each) for each in value)
    return _is_whole(value) if isinstance(example, int) else isinstance(value, type(example))


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
