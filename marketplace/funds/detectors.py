"""Seven questions about public money, asked of plain rows. Pure, no database.

Each detector answers with *sightings*: what a person should look at, and why. None of them proves anything, and none knows a
name. Their thresholds are dated rules of the registry (``Thresholds``); how often they miss and how often they are wrong
``benchmarks/fund_detectors.py`` measures on cases that were written apart from them.
"""

import enum
import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta


class Kind(enum.StrEnum):
    """What a detector looks for."""

    IDLE = "idle"
    SPLIT = "split"
    ROUND_TRIP = "round_trip"
    SHARED_ACCOUNT = "shared_account"
    RELATED_OFFICER = "related_officer"
    DUPLICATE_INVOICE = "duplicate_invoice"
    DEAD_PAYEE = "dead_payee"


@dataclass(frozen=True)
class Thresholds:
    """The values of the rules in force, in fen, days, months and hundredths of a percent."""

    idle_months: int
    idle_least_fen: int
    split_below_fen: int
    split_days: int
    round_trip_days: int
    round_trip_share_bp: int
    shared_households: int
    death_days: int


@dataclass(frozen=True)
class Paid:
    """A payment that was made and has not come back.

    ``payee`` is a household or an organisation, ``account`` a digest of the account's number, ``person`` one of the card of
    whoever receives it or answers for it; ``deciders`` are the officers who ordered and approved it.
    """

    id: str
    place: str
    fund_purpose: str
    amount_fen: int
    paid_on: date
    payee: str
    is_household: bool
    account: str
    document: str
    purpose: str = ""
    invoice: str = ""
    invoice_fen: int = 0
    person: str = ""
    died_on: date | None = None
    deciders: tuple[str, ...] = ()


@dataclass(frozen=True)
class Flow:
    """Money that went from one party to another: a place, or the digest of an account."""

    id: str
    fund_purpose: str
    source: str
    target: str
    amount_fen: int
    on: date


@dataclass(frozen=True)
class Relative:
    """A declared relative: the officer, the digest of the relative's card, and the areas of the officer's office."""

    officer: str
    person: str
    areas: tuple[str, ...]


@dataclass(frozen=True)
class Sighting:
    """What was seen: the ids of the payments or flows, the place, the amount, and figures that say why."""

    kind: Kind
    ids: tuple[str, ...]
    place: str
    amount_fen: int
    why: Mapping[str, int | str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Its name, by which it is raised once."""
        return hashlib.sha256("|".join((self.kind, *sorted(self.ids))).encode()).hexdigest()


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or the last one of that month.

    >>> months_before(date(2026, 3, 31), 1).isoformat(), months_before(date(2026, 6, 15), 12).isoformat()
    ('2026-02-28', '2025-06-15')
    """
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    first_of_next = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), first_of_next - timedelta(days=1))


def idle(flows: Iterable[Flow], places: frozenset[str], today: date, limits: Thresholds) -> Iterator[Sighting]:
    """Money that has stood at a place for longer than a year: first in, first out.

    What stands there and came in before that day is what stands there less all that came in since, if that is positive.
    """
    before = months_before(today, limits.idle_months)
    standing, since = defaultdict[tuple[str, str], int](int), defaultdict[tuple[str, str], int](int)
    for flow in flows:
        if flow.target in places:
            standing[flow.fund_purpose, flow.target] += flow.amount_fen
            if flow.on > before:
                since[flow.fund_purpose, flow.target] += flow.amount_fen
        if flow.source in places:
            standing[flow.fund_purpose, flow.source] -= flow.amount_fen
    for (fund_purpose, place), fen in sorted(standing.items()):
        old_fen = fen - since[fund_purpose, place]
        if old_fen >= max(1, limits.idle_least_fen):
            why = {"since": before.isoformat(), "standing_fen": fen}
            # Each year anew, for as long as it lies there.
            yield Sighting(Kind.IDLE, (f"{fund_purpose}|{place}|{before.year}",), place, old_fen, why)


def split(payments: Iterable[Paid], limits: Thresholds) -> Iterator[Sighting]:
    """Contracts with one payee for one kind of money, each below the amount that needs a tender, and together not.

    Stages of one contract are one document, and count as one.
    """
    groups = defaultdict[tuple[str, str, str], dict[str, list[Paid]]](lambda: defaultdict(list))
    for paid in payments:
        if not paid.is_household:
            groups[paid.payee, paid.place, paid.fund_purpose][paid.document].append(paid)
    for (_, place, _), documents in groups.items():
        small = [
            (min(each.paid_on for each in rows), rows) for rows in documents.values() if 0 < _sum(rows) < limits.split_below_fen
        ]
        for run in _runs(sorted(small, key=lambda one: one[0]), timedelta(days=limits.split_days)):
            rows = [paid for _, group in run for paid in group]
            if len(run) > 1 and _sum(rows) >= limits.split_below_fen:
                why = {"documents": len(run), "below_fen": limits.split_below_fen, "days": limits.split_days}
                yield Sighting(Kind.SPLIT, tuple(paid.id for paid in rows), place, _sum(rows), why)


def _sum(rows: Iterable[Paid]) -> int:
    return sum(paid.amount_fen for paid in rows)


def _runs(ordered: Sequence[tuple[date, list[Paid]]], span: timedelta) -> Iterator[Sequence[tuple[date, list[Paid]]]]:
    """Spans one after the other, each from its first day on."""
    at = 0
    while at < len(ordered):
        end = at
        while end < len(ordered) and ordered[end][0] - ordered[at][0] <= span:
            end += 1
        yield ordered[at:end]
        at = end


def round_trips(flows: Iterable[Flow], limits: Thresholds) -> Iterator[Sighting]:
    """Money that left a party and was back there within days, nearly all of it, over at most three others."""
    leaving = defaultdict[str, list[Flow]](list)
    ordered = sorted(flows, key=lambda flow: (flow.on, flow.id))
    for flow in ordered:
        leaving[flow.source].append(flow)
    span, told = timedelta(days=limits.round_trip_days), set[str]()

    def home(path: tuple[Flow, ...]) -> tuple[Flow, ...] | None:
        first, last = path[0], path[-1]
        for onward in leaving.get(last.target, ()):
            in_time = last.on <= onward.on <= first.on + span
            # A bank does not say of which fund money is that comes in.
            of_one_fund = first.fund_purpose == onward.fund_purpose or not onward.fund_purpose
            nearly_all = _nearly(last.amount_fen, onward.amount_fen, limits.round_trip_share_bp)
            if not (in_time and of_one_fund and nearly_all) or onward in path:
                continue
            if onward.target == first.source:
                return (*path, onward)
            if len(path) < 3 and (found := home((*path, onward))):
                return found
        return None

    for flow in ordered:
        found = None if flow.id in told else home((flow,))
        if found:
            told.update(each.id for each in found)
            why = {"steps": len(found), "days": (found[-1].on - flow.on).days}
            yield Sighting(Kind.ROUND_TRIP, tuple(each.id for each in found), flow.source, found[-1].amount_fen, why)


def _nearly(out_fen: int, back_fen: int, share_bp: int) -> bool:
    return back_fen * 10_000 >= out_fen * share_bp and out_fen * 10_000 >= back_fen * share_bp


def shared_accounts(payments: Iterable[Paid], limits: Thresholds) -> Iterator[Sighting]:
    """One bank account to which several households' money went. Members of one household may well share."""
    groups = defaultdict[str, list[Paid]](list)
    for paid in payments:
        if paid.is_household:
            groups[paid.account].append(paid)
    for rows in groups.values():
        households = len({paid.payee for paid in rows})
        if households >= limits.shared_households:
            yield Sighting(
                Kind.SHARED_ACCOUNT, tuple(paid.id for paid in rows), rows[0].place, _sum(rows), {"households": households}
            )


def related_officers(payments: Iterable[Paid], relatives: Iterable[Relative]) -> Iterator[Sighting]:
    """Payments to a declared relative of an officer who decided on it, or whose office is over the place it came from."""
    by_person = defaultdict[str, list[Relative]](list)
    for relative in relatives:
        by_person[relative.person].append(relative)
    for paid in payments:
        for relative in by_person.get(paid.person, ()) if paid.person else ():
            decided = relative.officer in paid.deciders
            if decided or any(paid.place.startswith(area) for area in relative.areas):
                why = {"officer": relative.officer, "decided": int(decided)}
                yield Sighting(Kind.RELATED_OFFICER, (paid.id, relative.officer), paid.place, paid.amount_fen, why)


def duplicate_invoices(payments: Iterable[Paid]) -> Iterator[Sighting]:
    """An invoice on which more was paid than it says, however its number was typed. Parts that stay within it are no fault."""
    groups = defaultdict[tuple[str, str], list[Paid]](list)
    for paid in payments:
        if number := plain_number(paid.invoice):
            groups[paid.payee, number].append(paid)
    for rows in groups.values():
        said_fen = max(paid.invoice_fen for paid in rows)
        if len(rows) > 1 and _sum(rows) > said_fen:
            why = {"invoice_fen": said_fen, "payments": len(rows)}
            yield Sighting(Kind.DUPLICATE_INVOICE, tuple(paid.id for paid in rows), rows[0].place, _sum(rows) - said_fen, why)


def plain_number(text: str) -> str:
    """An invoice's number without what typing adds: width, case, spaces, dashes, zeros in front.

    >>> plain_number("Ｎo 0012-345 67"), plain_number("no1234567"), plain_number(" ")
    ('NO1234567', 'NO1234567', '')
    """
    kept = "".join(char for char in unicodedata.normalize("NFKC", text).upper() if char.isalnum())
    letters = len(kept) - len(kept.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    return kept[:letters] + kept[letters:].lstrip("0")


def dead_payees(payments: Iterable[Paid], limits: Thresholds) -> Iterator[Sighting]:
    """Payments to somebody who had died longer ago than a family has to report it."""
    grace, groups = timedelta(days=limits.death_days), defaultdict[tuple[str, str], list[Paid]](list)
    for paid in payments:
        if paid.died_on is not None and paid.paid_on > paid.died_on + grace:
            groups[paid.payee, paid.person].append(paid)
    for rows in groups.values():
        # In days only: whoever may know more looks at the household's file, and that is written down.
        longest = max((paid.paid_on - paid.died_on).days for paid in rows if paid.died_on is not None)
        yield Sighting(Kind.DEAD_PAYEE, tuple(paid.id for paid in rows), rows[0].place, _sum(rows), {"days": longest})


def all_sightings(
    payments: Sequence[Paid],
    flows: Sequence[Flow],
    relatives: Sequence[Relative],
    places: frozenset[str],
    today: date,
    limits: Thresholds,
) -> list[Sighting]:
    """Everything that the seven see."""
    return [
        *idle(flows, places, today, limits),
        *split(payments, limits),
        *round_trips(flows, limits),
        *shared_accounts(payments, limits),
        *related_officers(payments, relatives),
        *duplicate_invoices(payments),
        *dead_payees(payments, limits),
    ]
