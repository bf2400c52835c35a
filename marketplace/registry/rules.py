"""Rules of the registry: each with a value that depends on the day and the province, and the document that says so.

Sources differ between provinces and years, so no rule is a constant in code. The values here come with the program and hold
where nobody has set another; a province sets its own as a ``RuleChange``.
"""

from datetime import date

from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.regions.codes import ancestor_codes
from marketplace.registry import assessment_rules, display_rules
from marketplace.registry.cases import shipped_rules
from marketplace.registry.dated import Rule
from marketplace.registry.forms import quality
from marketplace.registry.models import RuleChange

# Each procedure has its rules in a file of its own.
SHIPPED: tuple[Rule, ...] = (*assessment_rules.RULES, *display_rules.RULES, *quality.RULES, *shipped_rules.RULES)


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
