"""Deleting pictures and papers that no row names: those of refused forms, of changes that were cut off, of photos taken out.

A file is written before the row that names it, so a young one may only be waiting for its row. One that is stored again counts
as young again.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute

from marketplace.catalogue.models import Certificate, ListingPhoto
from marketplace.identity.models import Mandate
from marketplace.kernel.db import db, transaction
from marketplace.kernel.files import stored_before
from marketplace.kernel.jobs import job
from marketplace.orders.models import ClaimPicture, ReviewPicture
from marketplace.projects.models import ProjectPhoto
from marketplace.registry.models import HouseholdPicture
from marketplace.registry.reading import unbounded
from marketplace.sourcing.models import AcceptanceRecord
from marketplace.web.claim_words import private_folder
from marketplace.web.portals.evidence import consents_folder
from marketplace.web.uploads import documents_folder, households_folder, pictures_folder

# Far longer than any request takes between its file and its row.
WAITS = timedelta(days=2)


@job("web.forget_files", every="50 17 * * *", lock="web.forget_files")
def forget_files(timestamp: int) -> None:
    """Each night, delete the files that no row names."""
    before = datetime.fromtimestamp(timestamp, UTC) - WAITS
    for folder, columns in _named_by().items():
        for shard in sorted(path for path in folder.glob("??") if path.is_dir()):
            _forget(shard, columns, before)


def _named_by() -> dict[Path, list[InstrumentedAttribute[Any]]]:
    """Every folder of files that people send, with all columns that name files in it."""
    return {
        pictures_folder(): [ListingPhoto.name, ReviewPicture.name, Certificate.file_name],
        documents_folder(): [Certificate.file_name],
        private_folder(): [ClaimPicture.name, _found_at_acceptance()],
        consents_folder(): [Mandate.evidence_picture],
        households_folder(): [HouseholdPicture.picture, ProjectPhoto.picture],
    }


def _found_at_acceptance() -> Any:
    """The pictures of what was found on a buyer's scales, of which a record names several."""
    return select(func.unnest(AcceptanceRecord.pictures).label("name")).subquery().c.name


def _names(column: InstrumentedAttribute[Any], wanted: Collection[str]) -> Any:
    return unbounded(select(column).where(column.in_(wanted)), "which files somebody's picture still names")


def _forget(shard: Path, columns: Collection[InstrumentedAttribute[Any]], before: datetime) -> None:
    old = {path: shard.name + path.name.partition(".")[0] for path in shard.iterdir() if stored_before(path, before)}
    if not old:
        return
    with transaction():
        named = {name for column in columns for name in db.session.scalars(_names(column, old.values()))}
    for path, name in old.items():
        # Asked once more: it may have been stored again since it was found.
        if name not in named and stored_before(path, before):
            path.unlink(missing_ok=True)
