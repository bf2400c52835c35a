"""The household that a payment went to, and the member who receives it, within somebody's reach."""

from sqlalchemy import select

from marketplace.funds.models import FundPayment, HouseholdPayment
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.registry.models import Household, Person
from marketplace.registry.reading import Reach
from marketplace.registry.sealing import name_index


def household_of(payment: FundPayment, reach: Reach) -> Household | None:
    """The household that a payment went to; None for an organisation's, and for one out of reach."""
    query = select(Household).join(HouseholdPayment, HouseholdPayment.household_id == Household.id)
    query = query.where(HouseholdPayment.payment_id == payment.id)
    return db.session.scalars(reach.over(query, HouseholdPayment.village_code)).first()


def receiver_within(code: str, name: str, reach: Reach) -> tuple[Household, Person | None]:
    """The household of a code, and its member of that whole name, where there is one.

    Raises
    ------
    NotFound
        ``household_unknown`` for a code that nobody has, or whose household is out of reach.
    """
    household = db.session.scalars(reach.over(select(Household).filter_by(code=code), Household.village_code)).first()
    if household is None:
        raise NotFound("household_unknown", N_("There is no such household."))
    named = select(Person).where(Person.household_id == household.id, Person.name_index == name_index(name))
    return household, db.session.scalars(reach.over(named.order_by(Person.id.desc()), Person.village_code)).first()
