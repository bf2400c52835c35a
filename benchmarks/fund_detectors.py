"""How many planted faults of public money each detector sees, and how often it raises what is none.

    .venv/bin/python -m benchmarks.fund_detectors

The cases (``tests/funds/planted_faults.py``) are made; so the figures say that the rules do what they say, and nothing of how
common such faults are, or how they look, in a real county.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from marketplace.funds.detectors import Kind, Sighting, Thresholds, all_sightings
from marketplace.registry.fund_rules import RULES
from tests.funds.planted_faults import TODAY, Cases, county_with_faults


@dataclass(frozen=True)
class Score:
    """Of one kind: planted faults, those hidden with care, those seen, and sightings in which there was none."""

    kind: Kind
    planted: int
    hidden: int
    seen: int
    sightings: int
    false_alarms: int


def shipped_thresholds() -> Thresholds:
    """The values that come with the program."""
    return Thresholds(**{rule.name.partition(".")[2]: rule.value for rule in RULES})


def look(cases: Cases) -> list[Sighting]:
    """What the detectors see."""
    flows = [*cases.flows]
    return all_sightings(cases.payments, flows, cases.relatives, frozenset(cases.places), TODAY, shipped_thresholds())


def scores(cases: Cases, sightings: list[Sighting]) -> Iterator[Score]:
    """Each kind's figures. A sighting is right when it names a row of a planted fault of its kind."""
    for kind in Kind:
        own, planted = [one for one in sightings if one.kind == kind], cases.planted[kind]
        named = [_names(one) for one in own]
        seen = sum(1 for fault in planted if any(fault & names for names in named))
        false = sum(1 for names in named if not any(fault & names for fault in planted))
        yield Score(kind, len(planted), cases.hidden[kind], seen, len(own), false)


def _names(sighting: Sighting) -> set[str]:
    # Idle money is named by its fund, place and year, for it has no row.
    return {name.rpartition("|")[0] if sighting.kind is Kind.IDLE else name for name in sighting.ids}


def main() -> None:
    """Print a line for each kind."""
    cases = county_with_faults()
    begun = time.process_time()
    sightings = look(cases)
    spent = time.process_time() - begun
    print(f"{len(cases.payments)} payments, {len(cases.flows)} flows, {spent:.2f} s of processor")
    print(f"{'kind':20}{'planted':>9}{'hidden':>8}{'seen':>6}{'recall':>8}{'raised':>8}{'false':>7}")
    for one in scores(cases, sightings):
        recall = one.seen / one.planted
        print(f"{one.kind:20}{one.planted:9}{one.hidden:8}{one.seen:6}{recall:8.3f}{one.sightings:8}{one.false_alarms:7}")


if __name__ == "__main__":
    main()
