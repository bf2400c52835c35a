"""Making the table of an export: a line that says whose copy it is and what for, then the rows."""

import csv
import io
from datetime import UTC, datetime

from marketplace.identity.models import Account
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.jobs import job
from marketplace.registry.export_marks import CODE
from marketplace.registry.exports import export_columns, export_rows, find_released, households_to_export, keep_export
from marketplace.registry.models import FileExport
from marketplace.web.csv_files import csv_text, harmless


@job("registry.make_exports", every="* * * * *", lock="registry.make_exports")
def make_exports(timestamp: int) -> None:
    """Make what was released and is not made yet, one after another; also queued with each release."""
    while True:
        with transaction():
            export = find_released()
            if export is None:
                return
            ids = households_to_export(export.area_code)
            keep_export(export, table(export, ids, now=clock.now()), ids, now=clock.now())


def table(export: FileExport, household_ids: list[int], *, now: datetime) -> str:
    """The whole text: the visible mark, the names of the columns, and a line for each member."""
    columns = export_columns(export.with_id_numbers)
    rows = list(export_rows(export, household_ids))
    lines = ([_cell(row.get(column)) for column in columns] for row in rows)
    return csv_text([watermark(export, len(household_ids), len(rows), now)], []) + csv_text(columns, lines)


def watermark(export: FileExport, households: int, persons: int, now: datetime) -> str:
    """The first line: whose copy it is, who released it, what for, when, and how much is in it."""
    asker = db.session.get_one(Account, export.asked_by_id).display_name
    releaser = db.session.get_one(Account, export.decided_by_id or 0).display_name
    when = f"{now.astimezone(UTC):%Y-%m-%dT%H:%MZ}"
    counts = f"households {households} · persons {persons}"
    parts = (export.public_id, export.area_code, str(export.year), f"{asker} / {releaser}", when, export.purpose, counts)
    return "# " + " · ".join(parts)


def _cell(value: object) -> object:
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else harmless(value) if isinstance(value, str) else value


def rows_of(text: str) -> list[dict[str, str]]:
    """The rows of such a table, read back; for telling whose copy a leaked one is."""
    lines = [line for line in io.StringIO(text.removeprefix("\ufeff")) if not line.lstrip('"').startswith("#")]
    return [row for row in csv.DictReader(lines) if row.get(CODE)]
