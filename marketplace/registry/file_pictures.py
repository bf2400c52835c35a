"""Pictures of a household's house, kitchen and water, in a folder that only a checked page reads from."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from marketplace.identity.models import Account
from marketplace.kernel import audit
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, NotFound
from marketplace.kernel.pictures import Picture, store_picture
from marketplace.registry.forms.fingerprints import fingerprint
from marketplace.registry.models import Household, HouseholdPicture
from marketplace.registry.reading import unbounded

SUBJECTS = (
    ("house", N_("House")),
    ("kitchen", N_("Kitchen")),
    ("water", N_("Water")),
    ("toilet", N_("Toilet")),
    ("other", N_("Something else")),
)
_OF_FILE = "the pictures of a household read within somebody's reach"


def add_picture(
    household: Household, picture: Picture, subject: str, folder: Path, *, by: Account, now: datetime
) -> HouseholdPicture:
    """Keep a picture that was taken today."""
    row = HouseholdPicture(
        household_id=household.id,
        village_code=household.village_code,
        subject=subject,
        picture=store_picture(picture, folder),
        fingerprint=fingerprint(picture.files[min(picture.files)]),
        taken_on=local_day(now),
        by_id=by.id,
        at=now,
    )
    db.session.add(row)
    db.session.flush()
    audit.record("registry.picture_added", "household", household.public_id, actor=by.public_id, at=now, subject=subject)
    return row


def pictures_of(household: Household) -> list[HouseholdPicture]:
    """A household's pictures, newest first."""
    query = select(HouseholdPicture).where(HouseholdPicture.household_id == household.id)
    return list(db.session.scalars(unbounded(query.order_by(HouseholdPicture.id.desc()), _OF_FILE)))


def get_picture(household: Household, public_id: str) -> HouseholdPicture:
    """One of a household's pictures, or ``NotFound``."""
    query = select(HouseholdPicture).where(
        HouseholdPicture.household_id == household.id, HouseholdPicture.public_id == public_id
    )
    row = db.session.scalars(unbounded(query, _OF_FILE)).first()
    if row is None:
        raise NotFound("picture_unknown", N_("There is no such picture."))
    return row
