"""A household's own word that other offices may ask after it: for those who have no duty by law to know."""

from sqlalchemy import Select, select

from marketplace.identity.consents import Purpose
from marketplace.identity.models import Consent

# Whose word a consent is, as identity keeps it.
KIND = "household"


def agreed_households() -> Select[tuple[str]]:
    """The public ids of the households that have agreed and not taken it back."""
    return select(Consent.owner_id).filter_by(owner_kind=KIND, purpose=Purpose.SHARING, withdrawn_at=None)
