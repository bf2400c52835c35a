"""The steps in which a quantity is offered to a thumb. The catalogue decides what can be bought; this is only comfort."""

from decimal import Decimal

from marketplace.catalogue.models import Unit
from marketplace.catalogue.quantities import LARGEST_QUANTITY
from marketplace.web.filters import quantity

_HALVES = {Unit.JIN, Unit.LIANG, Unit.KG}


def step_of(unit: str) -> Decimal:
    """Half a unit of what is weighed, one of what is counted."""
    return Decimal("0.5") if unit in _HALVES else Decimal(1)


def first_quantity(minimum_quantity: Decimal | None) -> str:
    """The quantity that is offered first: one, or the least that is sold."""
    return quantity(minimum_quantity or Decimal(1))


def step_for(unit: str, *held: Decimal | None) -> Decimal:
    """The step of a box that holds a quantity or begins at one: a tenth where halves would not reach each of them."""
    step = step_of(unit)
    return step if not any(value % step for value in held if value is not None) else Decimal("0.1")


def largest(unit: str, available: Decimal) -> Decimal:
    """The most that the box takes: what is there, in whole steps."""
    step = step_of(unit)
    return min(available, LARGEST_QUANTITY) // step * step or available
