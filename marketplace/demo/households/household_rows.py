"""What the registry's tables keep of the households themselves: up to three records each, and the changes that made them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from marketplace.demo.households.acts import Noted
from marketplace.demo.households.county import Record
from marketplace.demo.households.identities import NOBODYS_ACCOUNT, NOBODYS_PHONE
from marketplace.demo.households.livelihood import CAUSE_NAMES, INCOMES, NO_CAUSE
from marketplace.demo.households.lives import choices
from marketplace.demo.households.plans import PLANS
from marketplace.demo.households.rows import HOWS, TOGETHER, Row, Rows, lists
from marketplace.regions.names import called
from marketplace.registry.filing import CHANGE, RECORD
from marketplace.registry.sealing import seal_values

_INCOMES = [f"income_{name}_fen" for name in INCOMES]
_CHOSEN = ("dwelling_grade", "water_source", "fuel", "road")
_MEASURED = ("water_litres", "water_minutes", "has_power", "food_enough", "clothing_enough", "dwelling_m2")
_LAND = ("arable_mu", "irrigated_mu", "forest_mu", "fruit_mu")


class HouseholdRows:
    """Rows for COPY of the households' own records; ``villages`` are the official names by code."""

    def __init__(self, rows: Rows, villages: Mapping[str, str]) -> None:
        self.rows, self.county = rows, rows.county
        self.records = (self.county.registration, self.county.last_year, self.county.this_year)
        self.villages = {code: called(name) for code, name in villages.items()}
        self.kinds, self.words = choices("kind"), [choices(name) for name in _CHOSEN]

    def changes(self) -> Iterator[Row]:
        """Rows of ``file_change``."""
        rows = self.rows
        for record, noted in zip(self.records, rows.acts.records, strict=True):
            origin = ("import", "registration") if record is self.county.registration else ("page", "")
            for of, year, plain, sealed, change, moment, _, _ in self._values(record, noted):
                body = seal_values(rows.household(of), sealed, CHANGE)
                head = (rows.first_change + change, *rows.place(of), None, year, json.dumps(plain), body)
                yield (*head, HOWS[change % 10], rows.noted_by(of), f"{moment}+00", *origin)

    def file_records(self) -> Iterator[Row]:
        """Rows of ``file_record``."""
        rows = self.rows
        for record, noted in zip(self.records, rows.acts.records, strict=True):
            for of, year, plain, sealed, change, _, per_head, persons in self._values(record, noted):
                body = seal_values(rows.household(of), sealed, RECORD)
                marks = rows.marks([*plain, *sealed], change)
                yield (*rows.place(of), None, year, json.dumps(plain), body, marks, per_head, persons)

    def _values(self, record: Record, noted: Noted) -> Iterator[Row]:
        """Number, year, open and sealed values, change and moment, income a head and members of each household on record."""
        # The yearly review asks what changes from year to year; everything is asked at registration and in the latest round.
        whole = record is not self.county.last_year
        county, living, holding = self.county, record.living, self.county.holding
        causes = (county.kind, county.main_cause, county.other_causes)
        measured = (living.water_litres, living.water_minutes, living.has_power, living.food_enough, living.clothing_enough)
        groups = (
            (record.incomes_fen,),
            (living.grade, living.water_source, living.fuel, living.road),
            (*measured, holding.floor_m2),
            (holding.arable, holding.irrigated, holding.forest, holding.fruit),
        )
        single = (record.year, noted.change, noted.at_s.astype("datetime64[s]"), record.per_head_fen, record.persons, *causes)
        for first in range(0, len(county.codes), TOGETHER):
            last = min(first + TOGETHER, len(county.codes))
            parts = [zip(*lists(group, first, last), strict=True) for group in (single, *groups)]
            for of, (own, (incomes,), chosen, measures, land) in enumerate(zip(*parts, strict=True), first):
                year, change, moment, per_head, persons, kind, main, others = own
                if not year:
                    continue
                plain = {
                    **self._causes(kind, main, others, planned=whole),
                    **dict(zip(_INCOMES, incomes, strict=True)),
                    **{name: word[number] for name, word, number in zip(_CHOSEN, self.words, chosen, strict=True)},
                }
                if whole:
                    plain |= zip(_MEASURED, measures, strict=True)
                    plain |= {name: f"{mu:g}" for name, mu in zip(_LAND, land, strict=True)}
                if record is county.registration and (spans := county.histories.statuses[of])[0].end is not None:
                    plain["plan_exit_year"] = spans[0].end.year
                yield of, year, plain, self._hidden(of, main, record), change, moment, per_head, persons

    def _causes(self, kind: int, main: int, others: list[int], *, planned: bool) -> dict[str, Any]:
        """Nothing for a household that was never registered: nobody has asked why it is poor."""
        if main == NO_CAUSE:
            return {}
        found: dict[str, Any] = {"kind": self.kinds[kind], "main_cause": CAUSE_NAMES[main]}
        # No other cause is a value that nobody has given: the standard keeps no empty lists.
        if further := sorted(other for other in others if other != NO_CAUSE):
            found["other_causes"] = [CAUSE_NAMES[other] for other in further]
        return {**found, "plan_measures": PLANS[CAUSE_NAMES[main]][0]} if planned else found

    def _hidden(self, of: int, main: int, record: Record) -> dict[str, str]:
        """What is sealed: where they live and how they are reached, who is paid where, the plan in words."""
        code = self.county.codes[of]
        hidden = {
            "phone": f"{NOBODYS_PHONE}{of:08d}",
            "address": f"{self.villages[code[:12]]}{of % 9 + 1}组{int(code[12:])}号",
        }
        if record is self.county.this_year:
            hidden["bank_account"] = f"{NOBODYS_ACCOUNT}{of:09d}"
        if record is self.county.registration and main != NO_CAUSE:
            hidden["plan_text"] = PLANS[CAUSE_NAMES[main]][1]
        return hidden
