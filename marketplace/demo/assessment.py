"""The demo's poverty line and cost ratios, some villages' own orders, and the counting of the four numbers over its county.

Both rules are assumed and say so: the line is that of the made-up incomes (2,300 yuan at prices of 2010, carried to the year),
the ratios are those of Chuxiong's card, as no source of Guizhou's was found. In five villages three groups have put the
households in order: by income, each with its own mistakes.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import numpy as np
from sqlalchemy import select

from marketplace.demo.households.livelihood import line_yuan
from marketplace.identity.models import Account
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.registry.assessing import assess_area
from marketplace.registry.measures.income_card import COST_STANDARDS
from marketplace.registry.models import FileRecord, RuleChange
from marketplace.registry.reading import Reach
from marketplace.registry.village_rankings import record_ranking

COUNTY = "522636"
ACTOR = "demo"
_RANKED_VILLAGES = 5
_SEED = 11


def add_assessment(officers: Mapping[str, Sequence[int]], *, now: datetime) -> None:
    """Set the rules, write down the orders, and count."""
    year = local_day(now).year
    setter = officers[COUNTY[:2]][0]
    rules = (
        (
            *("poverty_line_fen", year, round(line_yuan(year)) * 100),
            "演示假定：2010 年不变价 2,300 元逐年推算 · Assumed for this demo: 2,300 yuan of 2010, carried on",
        ),
        (
            *("cost_percent", year, dict(COST_STANDARDS[0].percent)),
            "演示假定：按楚雄州收入卡 · Assumed for this demo: as on the income card of Chuxiong",
        ),
        # One that is set for the time to come, as a province does before the year begins.
        (
            *("notice.entry_announcement", year + 1, {"days": 10}),
            "演示假定：公告期与公示期一致 · Assumed for this demo: announcements hang as long as notices",
        ),
    )
    for name, from_year, value, source in rules:
        db.session.add(
            RuleChange(
                name=name,
                area_code=COUNTY[:2],
                begins_on=date(from_year, 1, 1),
                value=value,
                source=source,
                set_by_id=setter,
                set_at=now,
            )
        )
    db.session.flush()
    _rank_villages(officers, year, now=now)
    assess_area(COUNTY, year, now=now, actor=ACTOR)


def _rank_villages(officers: Mapping[str, Sequence[int]], year: int, *, now: datetime) -> None:
    rng = np.random.default_rng(_SEED)
    for village in sorted(code for code in officers if len(code) == 12)[:_RANKED_VILLAGES]:
        query = select(FileRecord.household_id, FileRecord.per_head_fen).where(
            FileRecord.year == year, FileRecord.person_id.is_(None), FileRecord.per_head_fen.is_not(None)
        )
        reach = Reach.of([village], ACTOR)
        rows = db.session.execute(reach.over(query.order_by(FileRecord.household_id), FileRecord.village_code)).all()
        if len(rows) < 2:
            continue
        known = np.log(np.array([max(row.per_head_fen, 1) for row in rows], dtype=np.float64))
        groups = {}
        for name in ("women", "men", "elders"):
            order = np.argsort(known + rng.normal(0, 0.25, len(rows)), kind="stable")
            groups[name] = {rows[number].household_id: place + 1 for place, number in enumerate(order)}
        officer = db.session.get_one(Account, officers[village][0])
        record_ranking(village, year, date(year, 1, 15), groups, len(rows) // 5, by=officer, now=now)
