"""Tables of household files for tests: two hundred persons in fifty households of two villages, and how they are sent."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date

from openpyxl import Workbook

from tests import factories
from tests.registry import people

HERE, BESIDE = factories.VILLAGE, "522636100002"
HEADER = [
    *("household_code", "name", "id_number", "relation", "kind", "main_cause", "dwelling_grade", "water_source"),
    *("income_wages_fen", "education", "health"),
]
OF_HOUSEHOLD = {"kind": "general_poor", "main_cause": "illness", "dwelling_grade": "b", "water_source": "tap"}
RELATIONS = ("head", "spouse", "child", "parent")


def rows(number: int = 200) -> list[dict[str, str]]:
    """Good rows, four to a household; line ``n + 2`` of the file is row ``n``."""
    made = []
    for at in range(number):
        household, place = divmod(at, 4)
        village = HERE if household % 2 == 0 else BESIDE
        born_on = date(1950 + at % 60, 1 + at % 12, 1 + at % 28)
        row = {
            "household_code": f"{village}{1000 + household}",
            "name": f"杨{'一二三四五六七八九十'[at % 10]}{'甲乙丙丁'[place]}",
            "id_number": people.id_number(born_on, "female" if place == 1 else "male"),
            "relation": RELATIONS[place],
            "education": "primary",
            "health": "healthy",
        }
        made.append(row | ({**OF_HOUSEHOLD, "income_wages_fen": "120000"} if place == 0 else {}))
    return made


def as_csv(given: Sequence[Mapping[str, str]], header: Sequence[str] = HEADER, encoding: str = "utf-8") -> bytes:
    """The rows as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, header, restval="", lineterminator="\n")
    writer.writerow(dict(zip(header, header, strict=True)))
    writer.writerows(given)
    return out.getvalue().encode(encoding)


def as_xlsx(*lines: Sequence[object]) -> bytes:
    """Lines as the first sheet of a workbook."""
    book, out = Workbook(), io.BytesIO()
    for line in lines:
        book.active.append(line)
    book.save(out)
    return out.getvalue()
