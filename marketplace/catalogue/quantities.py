"""Which quantities of a listing can be sold. Pure, no database."""

from decimal import Decimal

from marketplace.catalogue.models import Unit
from marketplace.kernel.errors import N_, Conflict, Invalid

LARGEST_QUANTITY = Decimal(9999)
_COUNTED = {Unit.BOX, Unit.PIECE, Unit.BUNCH, Unit.BAG}


def step_sold(unit: Unit) -> Decimal:
    """The smallest step of a unit: one of what is counted, a tenth of what is weighed."""
    return Decimal(1) if unit in _COUNTED else Decimal("0.1")


def check_quantity(unit: Unit, quantity: Decimal) -> Decimal:
    """Return a quantity that can be sold, or raise ``Invalid``: positive, not absurd, whole pieces, tenths of a weight."""
    step = step_sold(unit)
    if not quantity.is_finite() or not 0 < quantity <= LARGEST_QUANTITY:
        raise Invalid("quantity_invalid", N_("Please choose a quantity between 0 and %(most)s."), most=LARGEST_QUANTITY)
    if quantity % step:
        raise Invalid("quantity_step", N_("This is sold in steps of %(step)s."), step=step)
    return quantity


def least_sold(unit: str, minimum_quantity: Decimal | None) -> Decimal:
    """The least that is sold of a listing at a time: one step unless it says more.

    >>> least_sold("jin", None), least_sold("piece", None), least_sold("jin", Decimal("2.5"))
    (Decimal('0.1'), Decimal('1'), Decimal('2.5'))
    """
    return step_sold(Unit(unit)) if minimum_quantity is None else minimum_quantity


def check_minimum(title_zh: str, title_en: str, minimum_quantity: Decimal | None, quantity: Decimal) -> None:
    """Refuse less than the least that is sold of a listing at a time.

    Raises
    ------
    Conflict
        ``below_minimum``, naming the goods and the least.
    """
    if minimum_quantity is not None and quantity < minimum_quantity:
        raise Conflict(
            "below_minimum",
            N_("%(title)s is sold from %(least)s upwards. Please take a little more."),
            title=title_zh,
            title_zh=title_zh,
            title_en=title_en,
            least=f"{minimum_quantity.normalize():f}",
        )
