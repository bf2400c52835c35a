"""Forecasts of wholesale prices against their baselines, on the daily list of a real market.

    python -m benchmarks.forecasts path/to/vegetables.csv.gz [--goods 60]

The price list is that of Beijing's Xinfadi market (columns as in ``marketplace.catalogue.market_prices``); only goods of the
kind 普通 count. Twenty of the most complete names are tested from 1 May 2015 on; the others, up to ``--goods``, help to learn.
"""

import argparse
import time
from collections import defaultdict
from datetime import date
from pathlib import Path

import numpy as np

from marketplace.catalogue.market_prices import lines_in_file
from marketplace.forecasts.measuring import Floats, gained, measured
from marketplace.forecasts.prices import HORIZONS, Panel, compared, filled

TEST_FROM = date(2015, 5, 1)
# The twenty that the reference errors of the last value (.0483, .1489, .3389) were measured on; others are as complete.
TESTED = (
    *("大白菜", "小白菜", "油菜", "油麦菜", "菠菜", "黄豆芽", "鸡腿菇", "大蒜", "木耳", "青萝卜"),
    *("心里美", "柿子椒", "架豆", "杭椒", "杏鲍菇", "韭菜", "山药", "尖椒", "藕", "平菇"),
)


def panel_of(path: Path, goods: int) -> tuple[Panel, date]:
    """The goods tested and then the most complete others, and the first of its days."""
    found: dict[str, dict[date, list[float]]] = defaultdict(lambda: defaultdict(list))
    for line in lines_in_file(path):
        # Averages as the market wrote them, so that the last value errs as it does in other people's hands.
        if line["规格"] == "普通" and (price := _price(line["平均价"])) > 0:
            found[line["品名"]][date.fromisoformat(line["发布日期"][:10])].append(price)
    others = sorted(found.keys() - set(TESTED), key=lambda name: (-len(found[name]), name))
    names = [*TESTED, *others[: goods - len(TESTED)]]
    days = [day for name in names for day in found[name]]
    first, last = min(days), max(days)
    prices: Floats = np.full(((last - first).days + 1, len(names)), np.nan)
    for column, name in enumerate(names):
        for day, own in found[name].items():
            prices[(day - first).days, column] = sum(own) / len(own)
    return Panel(filled(prices), first.timetuple().tm_yday), first


def _price(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def main() -> None:
    """Print the errors of all methods by horizon."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prices", type=Path)
    parser.add_argument("--goods", type=int, default=60)
    asked = parser.parse_args()
    panel, first = panel_of(asked.prices, asked.goods)
    print(f"{panel.prices.shape[1]} goods on {len(panel.prices)} days; {len(TESTED)} tested from {TEST_FROM}")
    print(f"{'days':>4}  {'method':<7}{'MAPE':>7}  95 % interval    gain over last value")
    for horizon in HORIZONS:
        began = time.process_time()
        found = compared(panel, horizon, (TEST_FROM - first).days)
        if found is None:
            print(f"{horizon:>4}  too little to learn from")
            continue
        errors = {name: own[:, : len(TESTED)] for name, own in found.errors.items()}
        for name, own in errors.items():
            error, gain = measured(own), gained(own, errors["last"])
            print(
                f"{horizon:>4}  {name:<7}{error.value:>7.4f}  {error.low:.4f} to {error.high:.4f}"
                f"  {gain.value:>6.1%} ({gain.low:.1%} to {gain.high:.1%})"
            )
        took = time.process_time() - began
        held = f"its interval of 80 % held {found.covered:.1%}"
        print(f"      {found.served} is served; {held}; {found.rows:,} rows; {took:.1f} s of processor")


if __name__ == "__main__":
    main()
