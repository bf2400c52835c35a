"""The household that a signed-in person belongs to."""

from marketplace.catalogue.queries import producer_of
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.registry.models import Household
from marketplace.web.access import account
from marketplace.web.acting import current_seller


def own_farm_household_id() -> int:
    """The household whose own farm this request works for; refused to who works for another's.

    Raises
    ------
    NotFound
        ``file_unknown`` for a cooperative.
    """
    household_id = current_seller().producer.household_id
    if household_id is None:
        raise NotFound("file_unknown", N_("There is no file of a household for your account."))
    return household_id


def own_household() -> Household:
    """The household of the account's own farm; nobody else's, whatever mandates it holds.

    Raises
    ------
    NotFound
        ``file_unknown``.
    """
    producer = producer_of(account().id)
    if producer is None or producer.household_id is None:
        raise NotFound("file_unknown", N_("There is no file of a household for your account."))
    return db.session.get_one(Household, producer.household_id)
