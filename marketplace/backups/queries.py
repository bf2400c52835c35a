"""What is known of copies and drills."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from marketplace.backups.copying import bases_in, log_files_in, waiting_files
from marketplace.backups.models import BaseBackup, RestoreDrill
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db

# A copy each night and a drill each week; one that is missed once is late, and somebody must look.
_BASE_WITHIN, _DRILL_WITHIN = timedelta(hours=36), timedelta(days=8)


class _Folder:
    """The backup folder of this process."""

    path = Path("var/backups")


def use_backups_in(path: Path) -> None:
    """Say where copies go."""
    _Folder.path = path


def backup_folder() -> Path:
    """Where copies go."""
    return _Folder.path


def own_server() -> Path | None:
    """The folder of the server brought along, when this installation runs on it."""
    return embedded_postgres.home_of(own_url())


def own_url() -> str:
    """The address of this database."""
    return db.session.connection().engine.url.render_as_string(hide_password=False)


@dataclass(frozen=True)
class Standing:
    """How things stand: what lies in the folder, what waits, and what is late."""

    managed: bool
    bases: int
    log_files: int
    waiting: int
    bytes: int
    late_base: bool
    late_drill: bool


def standing(*, now: datetime) -> Standing:
    """How copies stand now."""
    home, folder = own_server(), backup_folder()
    bases, logs = bases_in(folder), log_files_in(folder)
    base = db.session.scalar(
        select(BaseBackup.ended_at).where(BaseBackup.fault.is_(None)).order_by(BaseBackup.id.desc()).limit(1)
    )
    drill = db.session.scalar(
        select(RestoreDrill.ended_at)
        .where(RestoreDrill.fault.is_(None), RestoreDrill.differing == [])
        .order_by(RestoreDrill.id.desc())
        .limit(1)
    )
    return Standing(
        managed=home is None,
        bases=len(bases),
        log_files=len(logs),
        waiting=0 if home is None else waiting_files(home),
        bytes=sum(base.size for base in bases) + sum(path.stat().st_size for path in logs),
        # A managed server takes its own; that it can be restored is still ours to know.
        late_base=home is not None and (base is None or now - base > _BASE_WITHIN),
        late_drill=drill is None or now - drill > _DRILL_WITHIN,
    )


def latest_bases(limit: int = 14) -> Sequence[BaseBackup]:
    """The last copies, newest first."""
    return db.session.scalars(select(BaseBackup).order_by(BaseBackup.id.desc()).limit(limit)).all()


def latest_drills(limit: int = 14) -> Sequence[RestoreDrill]:
    """The last drills, newest first."""
    return db.session.scalars(select(RestoreDrill).order_by(RestoreDrill.id.desc()).limit(limit)).all()
