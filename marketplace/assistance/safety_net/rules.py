"""Benefits of an area on a day: which holds, what was and what comes, and the province's officers who set them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from marketplace.assistance.safety_net.benefits import Benefit, BenefitKind, read_benefit
from marketplace.assistance.safety_net.facts import LINES
from marketplace.assistance.safety_net.models import BenefitRule
from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Forbidden, Invalid
from marketplace.regions.codes import ancestor_codes, contains
from marketplace.regions.queries import get_area
from marketplace.registry.rules import find_rule, may_set_rules
from marketplace.registry.standards import line_on

_CODE = re.compile(r"[a-z][a-z0-9_]{1,23}")


@dataclass(frozen=True)
class NewBenefit:
    """A benefit as it is written down."""

    code: str
    kind: BenefitKind
    name: str
    condition: str
    amount: str
    source: str
    begins_on: date
    ends_on: date | None = None


def rules_around(area_code: str) -> list[BenefitRule]:
    """Every version of every benefit of an area, those above it and those within it, the latest first."""
    rows = db.session.scalars(select(BenefitRule).order_by(BenefitRule.begins_on.desc(), BenefitRule.id.desc()))
    return [row for row in rows if contains(row.area_code, area_code) or contains(area_code, row.area_code)]


def in_force(rules: Iterable[BenefitRule], area_code: str, day: date) -> list[BenefitRule]:
    """Of some versions those that hold in an area on a day, by code: the narrowest area's, there the latest, unless it is over.

    A later version takes the place of an earlier one even when it has ended since: nothing comes back by itself.
    """
    found: dict[str, BenefitRule] = {}
    around = set(ancestor_codes(area_code))
    for row in sorted(rules, key=lambda row: (len(row.area_code), row.begins_on, row.id)):
        if row.area_code in around and row.begins_on <= day:
            found[row.code] = row
    return [found[code] for code in sorted(found) if (end := found[code].ends_on) is None or day <= end]


def lines_on(area_code: str, day: date) -> dict[str, int]:
    """The lines that hold in an area on a day, by the names in ``LINES``; one that nobody has set is absent."""
    poverty = line_on(area_code, day)
    dibao = find_rule(LINES[1], area_code, day)
    set_here = {LINES[0]: None if poverty is None else poverty.line_fen, LINES[1]: None if dibao is None else dibao.value}
    return {name: fen for name, fen in set_here.items() if fen is not None}


def as_benefit(row: BenefitRule) -> Benefit:
    """A version read."""
    return read_benefit(row.code, BenefitKind(row.kind), row.condition, row.amount)


def set_benefit(area_code: str, new: NewBenefit, *, by: Account, now: datetime) -> BenefitRule:
    """Write down a benefit, or a new version of one, from a day on; earlier days keep what held then.

    Raises
    ------
    Invalid
        ``expression`` and its kin for texts that cannot be read; ``benefit_code``, ``benefit_name``, ``benefit_source``,
        ``benefit_days`` for a day that is over or an end before the beginning; ``benefit_kind`` where the code is known as
        another kind.
    Forbidden
        ``rule_level`` for whoever is no officer of the province.
    """
    area = get_area(area_code)
    if not may_set_rules(by, area.code):
        raise Forbidden("rule_level", N_("The officers of the province set its rules."))
    read_benefit(new.code, new.kind, new.condition, new.amount)
    _check(new, now)
    row = BenefitRule(
        code=new.code,
        kind=new.kind,
        name=new.name.strip(),
        area_code=area.code,
        begins_on=new.begins_on,
        ends_on=new.ends_on,
        condition=" ".join(new.condition.split()),
        amount=" ".join(new.amount.split()),
        source=new.source.strip(),
        set_by_id=by.id,
        set_at=now,
    )
    db.session.add(row)
    db.session.flush()
    said = {"code": new.code, "begins_on": new.begins_on.isoformat(), "condition": row.condition, "amount": row.amount}
    audit.record("safety_net.benefit_set", "area", area.code, actor=by.public_id, at=now, **said)
    return row


def _check(new: NewBenefit, now: datetime) -> None:
    if not _CODE.fullmatch(new.code):
        raise Invalid("benefit_code", N_("A short name has 2 to 24 small letters, figures and underscores."))
    if not new.name.strip() or len(new.name.strip()) > 80:
        raise Invalid("benefit_name", N_("Please give the benefit a name of at most 80 characters."))
    if not new.source.strip() or len(new.source.strip()) > 200:
        raise Invalid("benefit_source", N_("Please name the document that says so, in at most 200 characters."))
    if new.begins_on < local_day(now):
        raise Invalid("benefit_days", N_("A rule can begin today at the earliest; past days keep theirs."))
    if new.ends_on is not None and new.ends_on < new.begins_on:
        raise Invalid("benefit_days", N_("A benefit cannot end before it begins."))
    other = select(BenefitRule.id).where(BenefitRule.code == new.code, BenefitRule.kind != new.kind)
    if db.session.scalar(other.limit(1)) is not None:
        raise Invalid("benefit_kind", N_("A benefit of this short name is of another kind."))
