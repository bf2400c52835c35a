"""What the log of lists says by itself, to hold the sums of policies against."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from marketplace.kernel.db import db


@dataclass(frozen=True)
class CoveredExposure:
    """What lists have given the goods that a policy covers: all of them and the registered households' part."""

    policy_id: int | None
    lists: int
    exposure: float
    registered_exposure: float
    expected_sales: float
    registered_sales: float


def exposure_by_policy(begin: datetime, end: datetime) -> Sequence[CoveredExposure]:
    """What the lists from one moment until before another have given, by policy; the last row is of goods of no policy."""
    rows = db.session.execute(
        text(
            """
            SELECT place.policy_id, count(DISTINCT served_list.id), sum(v), sum(v * b / 10000.0), sum(v * s),
                sum(v * s * b / 10000.0)
            FROM served_list,
                unnest(policy_ids, position_weights::float8[], relevance::float8[], benefit_bp) AS place (policy_id, v, s, b)
            WHERE at >= :begin AND at < :end
            GROUP BY place.policy_id ORDER BY place.policy_id NULLS LAST
            """
        ),
        {"begin": begin, "end": end},
    )
    return [CoveredExposure(*row) for row in rows]
