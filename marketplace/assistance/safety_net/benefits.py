"""What a household is entitled to by a benefit, with the values that it follows from. Pure, no database."""

import enum
from dataclasses import dataclass
from functools import cached_property

from marketplace.assistance.safety_net.expressions import Expression, read_expression
from marketplace.assistance.safety_net.facts import Facts, Unit
from marketplace.kernel.errors import N_, Invalid


class BenefitKind(enum.StrEnum):
    """What a benefit helps with."""

    DIBAO = "dibao"
    MEDICAL = "medical"
    EDUCATION = "education"
    DISASTER = "disaster"
    PENSION = "pension"
    EXPENDITURE = "expenditure"


# Out of which earmark of public money a benefit is paid.
PURPOSES = {
    BenefitKind.DIBAO: "relief",
    BenefitKind.MEDICAL: "health",
    BenefitKind.EDUCATION: "education",
    BenefitKind.DISASTER: "relief",
    BenefitKind.PENSION: "relief",
    BenefitKind.EXPENDITURE: "relief",
}


@dataclass(frozen=True)
class Benefit:
    """A benefit as it is counted: whom it is for, and how much it is a year."""

    code: str
    kind: BenefitKind
    condition: Expression
    amount: Expression

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The facts that it asks for."""
        return tuple(sorted(self.condition.names | self.amount.names))


@dataclass(frozen=True)
class Owed:
    """What a benefit gives a household: 0 where it is not for it, None where ``missing`` facts leave it open."""

    amount_fen: int | None
    values: Facts
    missing: tuple[str, ...] = ()


def read_benefit(code: str, kind: BenefitKind, condition: str, amount: str) -> Benefit:
    """A benefit from its two texts.

    Raises
    ------
    Invalid
        As ``read_expression``; ``amount_negative`` where the amount could only ever be nothing.
    """
    whom, much = read_expression(condition, Unit.YES_NO), read_expression(amount, Unit.FEN)
    if much.root.high <= 0:
        raise Invalid("amount_negative", N_("This amount can never be more than nothing."))
    return Benefit(code, kind, whom, much)


def owed(benefit: Benefit, facts: Facts) -> Owed:
    """What a household is owed a year by a benefit: the amount where the condition holds, and never less than nothing.

    >>> topup = read_benefit("dibao", BenefitKind.DIBAO, "income_fen < dibao_line_fen * persons",
    ...     "dibao_line_fen * persons - income_fen")
    >>> owed(topup, {"income_fen": 899_999, "dibao_line_fen": 300_000, "persons": 3}).amount_fen
    1
    >>> owed(topup, {"income_fen": 0, "persons": 3}).missing
    ('dibao_line_fen',)
    """
    values = {name: facts[name] for name in benefit.names if name in facts}
    if len(values) < len(benefit.names):
        return Owed(None, values, tuple(name for name in benefit.names if name not in facts))
    return Owed(max(0, benefit.amount.value(facts)) if benefit.condition.value(facts) else 0, values)
