"""How many planted slips of the hand the rule for unusual prices finds, and how many honest prices it suspects.

``.venv/bin/python -m benchmarks.price_checks [--seeds 50]`` draws as many sets of 200 prices, forty with slips, as
``tests/catalogue/planted_slips.py`` makes them, and prints the share found by kind of slip. It takes a second.
"""

import argparse
from collections import Counter

from marketplace.catalogue.models import Basis, Verdict
from marketplace.catalogue.price_evidence import PriceBounds, judge, reference
from tests.catalogue import planted_slips


def main() -> None:
    """Draw, judge, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=50)
    options = parser.parse_args()
    bounds = PriceBounds()
    unusual: Counter[str] = Counter()
    waits: Counter[str] = Counter()
    drawn: Counter[str] = Counter()
    for seed in range(options.seeds):
        days = planted_slips.market_days(seed)
        markets = [reference(Basis.MARKET, [float(fen) for fen in own], bounds) for own in days]
        for priced in planted_slips.prices(seed):
            market = markets[priced.kind]
            assert market is not None
            verdict = judge(priced.price_fen, priced.unit_grams, [market], bounds).verdict
            name = priced.slip or "nothing wrong"
            drawn[name] += 1
            unusual[name] += verdict is not Verdict.FITS
            waits[name] += verdict is Verdict.WAITS
    print(f"{'slip':<32}{'drawn':>8}{'unusual':>10}{'kept from sale':>17}")
    for name, count in sorted(drawn.items()):
        print(f"{name:<32}{count:>8,}{unusual[name] / count:>10.1%}{waits[name] / count:>17.1%}")


if __name__ == "__main__":
    main()
