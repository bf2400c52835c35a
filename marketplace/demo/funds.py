"""Public money of the demo: four documents, some hundred payments through three levels, twelve findings, a bank's day.

Every step is taken by the services that officers use, on the day on which it would have been. What the detectors find was put
there for them: two works that were cut up, an invoice paid twice, cards that serve two households, money that lay and went
round.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, cycle

from sqlalchemy import select

from marketplace.funds.bank import books_of, read_day
from marketplace.funds.looking import declare_relative, look_through
from marketplace.funds.models import Budget, Fund
from marketplace.funds.payments import (
    BankAccount,
    PaymentOrder,
    ToHousehold,
    ToOrganisation,
    pay_from,
    propose_payment,
)
from marketplace.funds.service import allocate, approve_fund, give_back, propose_fund
from marketplace.identity.models import Account, RoleKind
from marketplace.identity.queries import find_account_by_login, officers_over
from marketplace.identity.service import create_account
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db
from marketplace.kernel.money import plain_yuan, split_fen
from marketplace.regions.queries import children
from marketplace.registry.filing import NAME
from marketplace.registry.models import Household, Person
from marketplace.registry.reading import unbounded
from marketplace.registry.sealing import open_text

PROVINCE, COUNTY = "52", "522636"
_BANK = "农桥演示银行丹寨支行"
# Codes that no register has given out: figures alone, of which the last would be a check figure.
_FIRM_CODE = "9152000000000000{number:02d}"
_HOUSEHOLDS, _APART = 240, 8


@dataclass(frozen=True)
class _Family:
    household: Household
    head: Person
    name: str


class _Money:
    """The offices, their households, and how far the year has come."""

    def __init__(
        self, province: Sequence[Account], county: Sequence[Account], families: Sequence[_Family], now: datetime
    ) -> None:
        self.province, self.county, self.now = province, county, now
        # Those of whom something is to be found are paid for nothing else.
        self._families, self._apart = cycle(families[:-_APART]), iter(families[-_APART:])
        self._papers = count(1)

    def day(self, ago: int) -> datetime:
        return self.now - timedelta(days=ago)

    def paper(self, of: str = "丹财农") -> str:
        return f"{of}〔{self.now:%Y}〕{next(self._papers)}号"

    def fund(self, area: str, budget: Budget, title: str, earmarks: dict[str, int], ago: int, *, agreed: bool = True) -> Fund:
        first, second = self.province if area == PROVINCE else self.county
        paper, at = self.paper("黔财农" if area == PROVINCE else "丹财预"), self.day(ago)
        fund = propose_fund(area, budget, paper, title, at.year, earmarks, by=first, now=at)
        if agreed:
            approve_fund(fund, by=second, now=at)
        return fund

    def down(self, fund: Fund, purpose: str, source: str, target: str, fen: int, ago: int) -> None:
        by = self.province[0] if source == PROVINCE else self.county[0]
        allocate(fund, purpose, source, target, fen, self.paper(), by=by, now=self.day(ago))

    def family(self) -> _Family:
        return next(self._families)

    def family_apart(self) -> _Family:
        return next(self._apart)

    def to_families(self, fund: Fund, purpose: str, place: str, fen: int, number: int, ago: int) -> None:
        """So much to so many households, spread over some weeks."""
        for at, part in split_fen(fen, dict.fromkeys(range(number), 1)).items():
            self.to_family(fund, purpose, place, part, ago - at * 60 // number, self.family())

    def to_family(self, fund: Fund, purpose: str, place: str, fen: int, ago: int, family: _Family, card: str = "") -> None:
        order = self.order(purpose, place, fen, family, card)
        pay_from(fund, order, by=self.county[0], approved_by=self.county[1], now=self.day(ago))

    def order(self, purpose: str, place: str, fen: int, family: _Family, card: str = "") -> PaymentOrder:
        # No bank's numbers begin with six noughts.
        account = BankAccount(family.name, _BANK, card or f"000000{family.household.id:010d}")
        payee = ToHousehold(family.household, family.head)
        return PaymentOrder(purpose, place, fen, "subject", f"到户-{family.household.code[-4:]}", self.paper(), payee, account)

    def to_firm(
        self,
        fund: Fund,
        purpose: str,
        place: str,
        fen: int,
        ago: int,
        firm: int,
        *,
        paper: str = "",
        invoice: str = "",
        of: int = 0,
    ) -> None:
        payee = ToOrganisation(_FIRM_CODE.format(number=firm), invoice, of if invoice else None)
        account = BankAccount(f"农桥演示公司{firm}", _BANK, f"000000{firm:010d}99")
        order = PaymentOrder(purpose, place, fen, "subject", f"工程-{firm}", paper or self.paper("合同"), payee, account)
        pay_from(fund, order, by=self.county[0], approved_by=self.county[1], now=self.day(ago))


def add_funds(password: str, *, now: datetime) -> list[tuple[str, str]]:
    """Fill two years of public money of the county; answers the accounts to try (what, login)."""
    province, county, logins = _offices(password, now)
    money = _Money(province, county, _families(), now)
    townships = [area.code for area in children(COUNTY)][:3]
    _old_money(money, townships)
    _young_money(money, townships)
    _own_money(money)
    for area in (PROVINCE, COUNTY):
        look_through(area, actor="demo", now=now)
    _yesterday(money)
    return logins


def _offices(password: str, now: datetime) -> tuple[list[Account], list[Account], list[tuple[str, str]]]:
    logins = []
    found = []
    for area, what, name in ((PROVINCE, "guizhou", "贵州省"), (COUNTY, "danzhai", "丹寨县")):
        own = [each for each in officers_over(area) if any(role.scope_code == area for role in each.roles)]
        while len(own) < 2:
            login = f"{what}-finance" if own or find_account_by_login(what) else what
            own.append(create_account(login, f"{name}财政", password, now=now, roles=[(RoleKind.OFFICER, area)]))
            logins.append((f"finance officer of {name}, who agrees to the first one’s payments", login))
        found.append(own[:2])
    create_account("auditor", "丹寨县审计", password, now=now, roles=[(RoleKind.AUDITOR, COUNTY)])
    return found[0], found[1], [*logins, ("auditor of Danzhai county, who reads all and writes inspections", "auditor")]


def _families() -> list[_Family]:
    query = (
        select(Household, Person)
        .join(Person, Person.household_id == Household.id)
        .where(Household.village_code.startswith(COUNTY), Person.relation == "head", Person.left_on.is_(None))
        .order_by(Household.id)
        .limit(_HOUSEHOLDS)
    )
    rows = db.session.execute(unbounded(query, "the demo's own households")).all()
    return [_Family(household, head, open_text(household, head.sealed_name, NAME)) for household, head in rows]


def _old_money(money: _Money, townships: list[str]) -> None:
    """Money of the year before last: two works were cut up, and three remainders have lain since."""
    first, second, third = townships
    given = {"industry": 200_000_000, "housing": 125_000_000}
    fund = money.fund(PROVINCE, Budget.CENTRE, "中央财政衔接推进乡村振兴补助资金", given, 450)
    for purpose, fen in given.items():
        money.down(fund, purpose, PROVINCE, COUNTY, fen, 445)
    for purpose, place, fen in (
        ("industry", first, 100_000_000),
        ("industry", second, 80_000_000),
        ("industry", third, 20_000_000),
        ("housing", first, 60_000_000),
        ("housing", second, 55_000_000),
    ):
        money.down(fund, purpose, COUNTY, place, fen, 440)
    for place in townships:
        money.to_families(fund, "industry", place, 20_000_000, 24, 400)
    money.to_families(fund, "housing", first, 60_000_000, 16, 380)
    money.to_families(fund, "housing", second, 50_000_000, 14, 380)
    for at in range(2):
        money.to_firm(fund, "industry", first, 30_000_000, 350 - 9 * at, 11)
    for at in range(3):
        money.to_firm(fund, "industry", second, 20_000_000, 330 - 12 * at, 12)
    tendered = money.paper("合同")
    for share, ago in ((4_500_000, 300), (10_500_000, 250)):
        money.to_firm(fund, "industry", first, share, ago, 13, paper=tendered)


def _young_money(money: _Money, townships: list[str]) -> None:
    """Money of this year: an invoice paid twice, cards that serve two, an officer's relatives, and a trip there and back."""
    first, second, third = townships
    given = {"education": 12_000_000, "health": 30_000_000}
    fund = money.fund(PROVINCE, Budget.PROVINCE, "省级教育资助和医疗救助资金", given, 200)
    for purpose, fen in given.items():
        money.down(fund, purpose, PROVINCE, COUNTY, fen, 195)
    for place in (first, second):
        money.down(fund, "education", COUNTY, place, 6_000_000, 190)
        money.to_families(fund, "education", place, 6_000_000, 20, 170)
    money.to_families(fund, "health", COUNTY, 4_000_000, 12, 150)
    for ago in (140, 96):
        money.to_firm(fund, "health", COUNTY, 1_200_000, ago, 14, invoice="No 04417", of=1_200_000)
    for number in (1, 2):
        card = f"000000{number:010d}77"
        for _ in range(2):
            money.to_family(fund, "health", COUNTY, 80_000, 130 - number, money.family_apart(), card)
    for _ in range(2):
        family = money.family_apart()
        if family.head.id_number_index is not None:
            declare_relative("sibling", family.head.id_number_index, by=money.county[0], now=money.day(300))
        money.to_family(fund, "health", COUNTY, 60_000, 125, family)
    _to_the_dead(money, fund)
    money.down(fund, "health", COUNTY, third, 8_000_000, 120)
    give_back(fund, "health", third, COUNTY, 8_000_000, money.paper(), by=money.county[0], now=money.day(108))


def _to_the_dead(money: _Money, fund: Fund) -> None:
    family = money.family_apart()
    gone = select(Person).where(Person.left_why == "died", Person.left_on < local_day(money.day(160)))
    gone = gone.where(Person.village_code.startswith(COUNTY)).order_by(Person.id).limit(1)
    died = db.session.scalars(unbounded(gone, "the demo's own households")).first()
    if died is not None:
        household = db.session.get_one(Household, died.household_id)
        family = _Family(household, died, open_text(household, died.sealed_name, NAME))
    money.to_family(fund, "health", COUNTY, 45_000, 110, family)


def _own_money(money: _Money) -> None:
    """The county's own, of which some is being paid just now; and a document that waits for a second person."""
    given = {"relief": 5_000_000, "employment": 9_000_000}
    fund = money.fund(COUNTY, Budget.COUNTY, "县级临时救助和公益性岗位资金", given, 100)
    money.to_families(fund, "relief", COUNTY, 2_000_000, 12, 90)
    for _ in range(6):
        money.to_family(fund, "employment", COUNTY, 80_000, 1, money.family())
    for _ in range(3):
        order = money.order("employment", COUNTY, 80_000, money.family())
        propose_payment(fund, order, by=money.county[0], now=money.now)
    money.fund(COUNTY, Budget.COUNTY, "县级小型公益设施资金", {"roads": 30_000_000}, 0, agreed=False)


def _yesterday(money: _Money) -> None:
    """The bank's file of yesterday: it lacks the last payment, and has a fee that the books do not know."""
    day = local_day(money.day(1))
    said = books_of(COUNTY, day)[:-1]
    lines = [f"{day},{plain_yuan(one.amount_fen)},{one.reference},{one.last_four}" for one in said]
    body = "\n".join(["day,amount,reference,account", *lines, f"{day},-12.50,手续费,", ""])
    read_day(COUNTY, day, body.encode(), by=money.county[0], now=money.now)
