"""The places of the demo: the nation's upper levels, and the towns and villages of Qiandongnan prefecture."""

from datetime import date
from itertools import chain
from pathlib import Path

from sqlalchemy import select

from marketplace.kernel.db import db
from marketplace.regions import service as regions
from marketplace.regions.models import Area
from marketplace.regions.queries import within

DANZHAI = "522636"
# Counties with a border to Danzhai: Kaili, Rongjiang, Leishan, Majiang.
NEIGHBOURS = ("522601", "522632", "522634", "522635")
_FILE = Path(regions.__file__).parent / "data" / "qiandongnan.csv"
# The day on which the codes of the file were cut off.
CODES_OF = date(2023, 6, 30)


def load_places() -> None:
    """Load both files; rows that are there stay."""
    regions.load_areas(chain(regions.nation(), regions.areas_in_file(_FILE)), valid_from=CODES_OF)


def places_in(county: str) -> dict[str, str]:
    """The names of a county's villages by code, as the file has them."""
    return {code: name for code, name in regions.areas_in_file(_FILE) if code.startswith(county) and len(code) == 12}


def _villages(county: str) -> dict[str, str]:
    rows = db.session.execute(select(Area.code, Area.name).where(within(Area.code, county)).order_by(Area.code))
    return {code: name for code, name in rows if len(code) == 12}


def danzhai_villages() -> dict[str, str]:
    """The names of Danzhai's villages by code."""
    return _villages(DANZHAI)


def neighbouring_villages() -> dict[str, str]:
    """The names of the villages of the neighbouring counties by code."""
    return {code: name for county in NEIGHBOURS for code, name in _villages(county).items()}
