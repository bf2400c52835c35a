"""What everybody may see of sales: no hidden amount can be worked out from all that is shown together."""

from datetime import date

import numpy as np
import pytest
from scipy.optimize import linprog
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Lot
from marketplace.dashboard.models import Channel, SalesMonth
from marketplace.dashboard.publishing import WHOLE, Publication, sales_to_publish
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Invalid
from tests import factories

COUNTY, QUARTER = "522636", date(2026, 4, 1)
NEAREST = 5


def sold(seed: int) -> None:
    """Three townships of three villages with one to fourteen households each, which sell in some months by some channels."""
    rng = np.random.default_rng(seed)
    with transaction():
        kind = factories.product()
        for place in range(9):
            village = f"{COUNTY}{100 + place // 3}{place % 3 + 1:03d}"
            for _ in range(int(rng.integers(1, 15))):
                listing = factories.listing(factories.producer(village, registered=True), kind)
                lot_id = db.session.query(Lot.id).filter_by(listing_id=listing.id).scalar()
                for month in range(4, 7):
                    if rng.random() < 0.5:
                        continue
                    fen = int(rng.integers(100, 60_000))
                    db.session.add(
                        SalesMonth(
                            month_on=date(2026, month, 1),
                            lot_id=lot_id,
                            channel=str(rng.choice([Channel.CONSUMER, Channel.RESERVED], p=[0.8, 0.2])),
                            area_code=village,
                            producer_id=listing.producer_id,
                            product_id=kind.id,
                            order_lines=1,
                            grams=500,
                            total_fen=fen,
                            benefit_fen=fen,
                            benefit_grams=500,
                            farm_gate_fen=0,
                            wholesale_fen=0,
                        )
                    )


def bounds(published: Publication) -> dict[tuple[str, str], tuple[float, float]]:
    """The attack: the least and greatest value of each hidden cell that fits everything shown, written apart from the rule."""
    cells = sorted(published.cells)
    at = {cell: number for number, cell in enumerate(cells)}
    equations, right = [], []
    for total, parts in published.sums:
        row = np.zeros(len(cells))
        row[at[total]] = 1
        row[[at[part] for part in parts]] -= 1
        equations.append(row)
        right.append(0.0)
    known = [(value, value) if value is not None else (0, None) for value in (published.cells[cell] for cell in cells)]
    found = {}
    for cell in cells:
        if published.cells[cell] is None:
            aim = np.zeros(len(cells))
            aim[at[cell]] = 1
            ends = []
            for sign in (1, -1):
                answer = linprog(sign * aim, A_eq=np.array(equations), b_eq=np.array(right), bounds=known, method="highs")
                assert answer.status in (0, 3), answer.message
                ends.append(sign * answer.fun if answer.status == 0 else np.inf)
            found[cell] = (ends[0], ends[1])
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nobody_can_come_within_five_yuan_of_a_hidden_amount(session: Session, seed: int) -> None:
    sold(seed)
    published = sales_to_publish(COUNTY, QUARTER)
    found = bounds(published)
    assert found
    assert any(value is not None for value in published.cells.values())
    for cell, (least, greatest) in found.items():
        assert greatest - least > 2 * NEAREST, cell


def test_what_is_shown_adds_up_and_is_what_was_sold(session: Session) -> None:
    sold(4)
    published = sales_to_publish(COUNTY, QUARTER)
    for total, parts in published.sums:
        shown = [published.cells[cell] for cell in (total, *parts)]
        if None not in shown:
            assert shown[0] == sum(value or 0 for value in shown[1:])
    whole = published.cells[COUNTY, WHOLE]
    assert whole is not None
    fen = sum(row.benefit_fen for row in db.session.query(SalesMonth))
    # Each village, month and channel is rounded down to a whole yuan.
    assert fen // 100 - 9 * 3 * 2 <= whole <= fen // 100


def test_a_day_that_begins_no_quarter_is_refused(session: Session) -> None:
    with pytest.raises(Invalid):
        sales_to_publish(COUNTY, date(2026, 5, 1))


def test_a_county_without_sales_has_nothing_to_show(session: Session) -> None:
    assert sales_to_publish(COUNTY, QUARTER).cells == {}
