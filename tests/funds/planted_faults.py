"""A county's payments of three years with faults planted among them, as auditors' reports tell of such faults.

Written from the words of the faults and not from the detectors: each kind has plain cases, and most have some that are
hidden with care, which nobody finds by looking at rows like these. Beside them stand innocents that look alike: stages of one
contract, spouses who share an account, money that came a short while ago, parts of one invoice, a widow who receives what her
husband did.
"""

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from marketplace.funds.detectors import Flow, Kind, Paid, Relative

TODAY = date(2026, 6, 15)
COUNTY = "522636"
TOWNSHIPS = tuple(f"{COUNTY}{number:03d}" for number in range(100, 107))
_MONEY = ("f1:housing", "f1:industry", "f2:education", "f2:roads", "f3:health")
_FIRST = date(2023, 7, 1)
# What needs a tender, in fen: 400,000 yuan.
_TENDER = 40_000_000


@dataclass
class Cases:
    """Rows for the detectors; of each planted fault the ids of which a sighting must name one, and how many are hidden."""

    payments: list[Paid] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    relatives: list[Relative] = field(default_factory=list)
    places: set[str] = field(default_factory=set)
    planted: dict[Kind, list[frozenset[str]]] = field(default_factory=lambda: defaultdict(list))
    hidden: dict[Kind, int] = field(default_factory=lambda: defaultdict(int))


class _County:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.cases = Cases(places={COUNTY, *TOWNSHIPS})
        self.number = 0

    def name(self, word: str) -> str:
        self.number += 1
        return f"{word}{self.number}"

    def day(self, first: date = _FIRST, last: date = TODAY) -> date:
        return first + timedelta(days=self.random.randrange((last - first).days + 1))

    def pay(self, **values: object) -> Paid:
        """A payment to a household of its own, unless said otherwise."""
        base: dict[str, object] = {
            "id": self.name("p"),
            "place": self.random.choice(TOWNSHIPS),
            "fund_purpose": self.random.choice(_MONEY),
            "amount_fen": self.random.randrange(20_000, 600_000),
            "paid_on": self.day(),
            "payee": self.name("household"),
            "is_household": True,
            "account": self.name("account"),
            "document": self.name("document"),
            "person": self.name("person"),
            "deciders": tuple(self.random.sample(["officer1", "officer2", "officer3", "officer4"], 2)),
        }
        made = Paid(**{**base, **values})  # type: ignore[arg-type]
        self.cases.payments.append(made)
        return made

    def flow(self, source: str, target: str, fen: int, on: date, money: str = "f1:roads") -> Flow:
        made = Flow(self.name("m"), money, source, target, fen, on)
        self.cases.flows.append(made)
        return made

    def plant(self, kind: Kind, ids: Iterable[str], *, hidden: bool = False) -> None:
        self.cases.planted[kind].append(frozenset(ids))
        self.cases.hidden[kind] += hidden


def county_with_faults(*, payments: int = 20_000, each: int = 15, seed: int = 7) -> Cases:
    """Rows of a county with ``each`` planted faults of every kind and about ``payments`` payments in all."""
    county = _County(seed)
    for plant in (_idle, _split, _round_trips, _shared, _related, _invoices, _dead):
        plant(county, each)
    _everyday(county, payments)
    return county.cases


def _everyday(county: _County, payments: int) -> None:
    """Households with their own accounts, paid a few times; firms with contracts of all sizes, paid in stages."""
    pick = county.random
    households = [(f"h{number}", f"ha{number}", f"hp{number}") for number in range(payments // 3)]
    firms = [(f"firm{number}", f"fa{number}", f"fp{number}") for number in range(400)]
    # Everybody has relatives; those of officers of other counties are declared as well.
    county.cases.relatives += [Relative("elsewhere", f"hp{number}", ("522635",)) for number in range(40)]
    while len(county.cases.payments) < payments:
        if pick.random() < 0.93:
            payee, account, person = pick.choice(households)
            county.pay(payee=payee, account=account, person=person)
            continue
        payee, account, person = pick.choice(firms)
        fen, document, place, money = (
            int(pick.lognormvariate(16, 1)),
            county.name("contract"),
            pick.choice(TOWNSHIPS),
            _MONEY[1],
        )
        invoice, on = county.name("INV"), county.day()
        for share in pick.choice([(100,), (30, 70), (30, 40, 30)]):
            part = {"amount_fen": max(1, fen * share // 100), "paid_on": min(TODAY, on), "invoice": invoice, "invoice_fen": fen}
            who = {"payee": payee, "account": account, "person": person, "is_household": False, "place": place}
            county.pay(**who, **part, fund_purpose=money, document=document)
            on += timedelta(days=pick.randrange(5, 90))


def _idle(county: _County, each: int) -> None:
    """An office was given money and let it lie for over a year, wholly or for the most part, also under newer money."""
    pick = county.random
    for number in range(each):
        place = f"{COUNTY}{200 + number}"
        county.cases.places.add(place)
        fen, came = pick.randrange(5_000_000, 80_000_000), county.day(date(2023, 8, 1), date(2025, 4, 30))
        county.flow(COUNTY, place, fen, came, "f4:industry")
        if number % 3 == 1:
            county.flow(
                place, county.name("account"), fen * pick.randrange(10, 70) // 100, came + timedelta(days=40), "f4:industry"
            )
        if number % 3 == 2:
            county.flow(COUNTY, place, fen // 2, county.day(date(2026, 1, 1)), "f4:industry")
        county.plant(Kind.IDLE, [f"f4:industry|{place}"])
        # Innocent: it came ten months ago; or the old was spent and new money lies there.
        place = f"{COUNTY}{300 + number}"
        county.cases.places.add(place)
        county.flow(COUNTY, place, fen, county.day(date(2025, 7, 1), date(2026, 5, 1)), "f4:industry")
        place = f"{COUNTY}{400 + number}"
        county.cases.places.add(place)
        county.flow(COUNTY, place, fen, came, "f4:industry")
        county.flow(place, county.name("account"), fen, came + timedelta(days=100), "f4:industry")
        county.flow(COUNTY, place, fen, county.day(date(2025, 8, 1)), "f4:industry")


def _split(county: _County, each: int) -> None:
    """One work was cut into contracts below the tender's amount, given to one firm within weeks; slyly, over half a year."""
    pick = county.random
    for number in range(each):
        sly = number % 5 == 4
        whole, on = pick.randrange(_TENDER + 5_000_000, 4 * _TENDER), county.day(_FIRST, date(2025, 11, 30))
        parts = whole // (_TENDER * 9 // 10) + 1
        who = {"payee": county.name("builder"), "account": county.name("account"), "is_household": False}
        at = {"place": pick.choice(TOWNSHIPS), "fund_purpose": "f2:roads"}
        made = []
        for _ in range(parts):
            made.append(county.pay(**who, **at, amount_fen=whole // parts, paid_on=on).id)
            on += timedelta(days=pick.randrange(75, 110) if sly else pick.randrange(1, 45 // parts + 2))
        county.plant(Kind.SPLIT, made, hidden=sly)
        # Innocent: one contract above the amount, tendered, paid in stages; and two small purchases of one shop.
        who = {"payee": county.name("builder"), "account": county.name("account"), "is_household": False}
        contract, on = county.name("tendered"), county.day(_FIRST, date(2026, 3, 1))
        for share in (30, 70):
            county.pay(**who, **at, amount_fen=whole * share // 100, paid_on=on, document=contract)
            on += timedelta(days=30)
        who = {"payee": county.name("shop"), "account": county.name("account"), "is_household": False}
        for _ in range(2):
            county.pay(**who, **at, amount_fen=pick.randrange(1_000_000, _TENDER // 3), paid_on=on)


def _round_trips(county: _County, each: int) -> None:
    """Money was paid out and came back to show that it had been spent; slyly, in two halves."""
    pick = county.random
    for number in range(each):
        fen, on, firm = pick.randrange(3_000_000, 60_000_000), county.day(_FIRST, date(2026, 4, 1)), county.name("front")
        place, back_fen = pick.choice(TOWNSHIPS), fen * pick.randrange(960, 1000) // 1000
        out, back = on + timedelta(days=pick.randrange(1, 8)), on + timedelta(days=pick.randrange(10, 26))
        if number % 5 == 0:
            # Passed down and returned, so that it had moved before the year's end.
            trip = [county.flow(COUNTY, place, fen, on), county.flow(place, COUNTY, fen, back)]
        elif number % 5 == 1:
            other = county.name("front")
            trip = [
                county.flow(place, firm, fen, on),
                county.flow(firm, other, fen, out),
                county.flow(other, place, back_fen, back, ""),
            ]
        elif number % 5 == 2:
            halves = [county.flow(firm, place, back_fen // 2, back + timedelta(days=step), "") for step in (0, 1)]
            trip = [county.flow(place, firm, fen, on), *halves]
        else:
            trip = [county.flow(place, firm, fen, on), county.flow(firm, place, back_fen, back, "")]
        county.plant(Kind.ROUND_TRIP, [flow.id for flow in trip], hidden=number % 5 == 2)
        # Innocent: what was left over goes back; a firm gives back what was too much.
        county.flow(COUNTY, place, fen, on)
        left_fen = fen * pick.randrange(5, 60) // 100
        county.flow(place, county.name("account"), fen - left_fen, out)
        county.flow(place, COUNTY, left_fen, back)
        other = county.name("firm")
        county.flow(COUNTY, place, fen, on)
        county.flow(place, other, fen, on)
        county.flow(other, place, fen * pick.randrange(3, 30) // 100, back, "")


def _shared(county: _County, each: int) -> None:
    """A village cadre had the money of several households sent to one card."""
    pick = county.random
    for _ in range(each):
        card = county.name("card")
        county.plant(Kind.SHARED_ACCOUNT, [county.pay(account=card).id for _ in range(pick.randrange(2, 7))])
        # Innocent: husband and wife, one household and one card.
        card, home = county.name("card"), county.name("home")
        for _ in range(3):
            county.pay(account=card, payee=home)
    # Innocent and alike to the last figure: a son keeps the card of his old parents, who are a household of their own.
    for _ in range(3):
        card = county.name("card")
        for _ in range(2):
            county.pay(account=card)


def _related(county: _County, each: int) -> None:
    """An officer saw to it that a relative got public money; slyly, one who was never declared."""
    for number in range(each):
        person, officer, sly = county.name("relative"), f"officer{number % 4 + 1}", number % 5 == 4
        deciders = (officer, "officer9") if number % 2 else ("officer8", "officer9")
        made = county.pay(person=person, deciders=deciders)
        if not sly:
            county.cases.relatives.append(Relative(officer, person, (COUNTY,)))
        county.plant(Kind.RELATED_OFFICER, [made.id], hidden=sly)
        # Innocent: the relative of an officer of another county, whose office has no say here.
        far = county.name("relative")
        county.cases.relatives.append(Relative("elsewhere", far, ("522635",)))
        county.pay(person=far)


def _invoices(county: _County, each: int) -> None:
    """One invoice was paid twice, out of two townships or two funds; typed otherwise; slyly, with a figure changed."""
    pick = county.random
    for number in range(each):
        who = {"payee": county.name("seller"), "account": county.name("account"), "is_household": False}
        figures, fen = f"{pick.randrange(10**7, 10**8)}", pick.randrange(500_000, 9_000_000)
        changed = [
            figures,
            f"00{figures}",
            f"{figures[:4]} {figures[4:]}",
            figures.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
        ]
        sly = number % 5 == 4
        second = figures[:-1] + str((int(figures[-1]) + 1) % 10) if sly else changed[number % 4]
        on = county.day(_FIRST, date(2026, 1, 1))
        first_paid = county.pay(**who, amount_fen=fen, invoice=figures, invoice_fen=fen, paid_on=on)
        again = county.pay(
            **who, amount_fen=fen, invoice=second, invoice_fen=fen, paid_on=on + timedelta(days=pick.randrange(3, 160))
        )
        county.plant(Kind.DUPLICATE_INVOICE, [first_paid.id, again.id], hidden=sly)
        # Innocent: one invoice paid in two parts; another seller's invoice with the same number.
        who = {"payee": county.name("seller"), "account": county.name("account"), "is_household": False}
        for share in (40, 60):
            county.pay(**who, amount_fen=fen * share // 100, invoice=figures, invoice_fen=fen, paid_on=on)


def _dead(county: _County, each: int) -> None:
    """Somebody went on drawing the money of one who had died; slyly, a death that nobody has written down."""
    pick = county.random
    for number in range(each):
        died, sly = county.day(_FIRST, date(2025, 9, 1)), number % 5 == 4
        months = pick.randrange(2, 9)
        who = {"payee": county.name("household"), "account": county.name("account"), "person": county.name("person")}
        after = [died + timedelta(days=30 * month + pick.randrange(5, 25)) for month in range(1, months + 1)]
        made = [county.pay(**who, paid_on=on, died_on=None if sly else died).id for on in after]
        county.plant(Kind.DEAD_PAYEE, made, hidden=sly)
        # Innocent: paid before the family had reported it; and the widow, who receives it since.
        who = {"payee": county.name("household"), "account": county.name("account")}
        county.pay(**who, paid_on=died + timedelta(days=pick.randrange(1, 28)), died_on=died)
        county.pay(**who, paid_on=died + timedelta(days=90), person=county.name("person"))
