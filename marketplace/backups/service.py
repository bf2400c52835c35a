"""Taking copies and holding drills, with a row of what came of each, also when nothing did.

Each owns its transaction: the work is on another server's files and takes minutes, and no transaction waits for it.
"""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from sqlalchemy import make_url

from marketplace.backups.checksums import NoQuietMoment
from marketplace.backups.copying import CopyFailed, forget_old, take_archive, take_base
from marketplace.backups.drilling import DrillResult, compare_databases, drill
from marketplace.backups.models import BaseBackup, RestoreDrill
from marketplace.backups.queries import backup_folder, own_server, own_url
from marketplace.backups.restoring import CannotRestore
from marketplace.backups.sealed_files import DamagedFile
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import N_, Conflict

Row = TypeVar("Row", BaseBackup, RestoreDrill)

BASES_KEPT = 7


def back_up() -> BaseBackup:
    """Take a copy and forget those that are older than the seven newest.

    Raises
    ------
    Conflict
        ``database_managed`` when the database is not the one brought along.
    """
    home, began_at = _own_server(), clock.now()
    made = BaseBackup(began_at=began_at)
    try:
        base = take_base(home, backup_folder(), now=began_at)
        made.name, made.bytes = base.place.name, base.size
        take_archive(home, backup_folder())
        forget_old(backup_folder(), keep=BASES_KEPT)
    except (CopyFailed, OSError) as error:
        made.name, made.bytes, made.fault = None, None, str(error)[:300]
    return _kept(made)


def seal_archive() -> int:
    """Seal what the server has put aside of its log; nothing where it is a managed one."""
    home = own_server()
    return 0 if home is None else take_archive(home, backup_folder())


def hold_drill(*, say: Callable[[str], None]) -> RestoreDrill:
    """Restore the newest copy into a second server, to this moment, and compare every table.

    Raises
    ------
    Conflict
        ``database_managed`` when the database is not the one brought along.
    """
    home = _own_server()
    database = str(make_url(own_url()).database)
    return _compared(lambda: drill(home, database, backup_folder(), say=say))


def compare_with_restored(url: str) -> RestoreDrill:
    """Compare this database with one that a managed server has restored from its own copy, while nobody writes."""
    ours = own_url()
    return _compared(lambda: compare_databases(*(one.replace("+psycopg", "", 1) for one in (ours, url))))


def _compared(compare: Callable[[], DrillResult]) -> RestoreDrill:
    made = RestoreDrill(began_at=clock.now())
    try:
        result = compare()
        made.tables, made.rows, made.differing = result.tables, result.rows, result.differing
        made.restore_s = Decimal(f"{result.restore_s:.1f}")
    except (CannotRestore, NoQuietMoment, DamagedFile, OSError) as error:
        made.fault, made.differing = str(error)[:300], []
    return _kept(made)


def _kept(made: Row) -> Row:
    made.ended_at = clock.now()
    with transaction():
        db.session.add(made)
    return made


def _own_server() -> Path:
    home = own_server()
    if home is None:
        raise Conflict(
            "database_managed",
            N_("This database is a managed one and has copies of its own; see docs/operations.md."),
        )
    return home
