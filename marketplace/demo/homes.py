"""Where the demo's consumers live: made up, with a fixed seed; the source says nothing of places."""

import numpy as np
from sqlalchemy import func, select

from marketplace.kernel.db import db
from marketplace.regions.models import Area, Level

# Many buy what grows in their own province; the others live in the cities of the east that are paired with it.
_PROVINCES = {"52": 0.4, "44": 0.25, "33": 0.15, "31": 0.1, "11": 0.1}


def homes(count: int, seed: int = 7) -> list[str]:
    """The county of each of so many consumers."""
    codes = db.session.scalars(
        select(Area.code)
        .where(func.length(Area.code) == Level.COUNTY, func.left(Area.code, Level.PROVINCE).in_(_PROVINCES))
        .order_by(Area.code)
    ).all()
    by_province = {code: [one for one in codes if one.startswith(code)] for code in _PROVINCES}
    generator = np.random.default_rng(seed)
    provinces = generator.choice(list(_PROVINCES), size=count, p=list(_PROVINCES.values()))
    return [by_province[str(code)][generator.integers(len(by_province[str(code)]))] for code in provinces]
