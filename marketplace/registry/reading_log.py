"""Who has looked at a file: written down with the reading itself."""

from datetime import datetime

from marketplace.identity.models import Account
from marketplace.kernel.db import db
from marketplace.registry.models import FileReading, Household

# What was shown.
FILE, MEMBER, API = "file", "member", "api"


def note_reading(household: Household, by: Account, part: str, *, now: datetime) -> None:
    """Write down that somebody reads a file, or a part of it, in the transaction that reads it."""
    db.session.add(FileReading(household_id=household.id, village_code=household.village_code, by_id=by.id, at=now, part=part))
    db.session.flush()
