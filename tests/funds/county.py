"""A province, a county and a township with finance officers, and money, for tests of funds."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count

from marketplace.funds.models import Budget, Fund
from marketplace.funds.payments import BankAccount, PaymentOrder, ToHousehold, ToOrganisation
from marketplace.funds.service import approve_fund, propose_fund
from marketplace.identity.models import Account, RoleKind
from marketplace.registry.models import Household
from tests import factories
from tests.factories import NOW

PROVINCE, COUNTY, TOWNSHIP, PROJECT = "52", "522636", "522636100", "522636100-bridge"
CREDIT_CODE = "91520000MA6DJX4T0A"
_numbers = count(1)


@dataclass(frozen=True)
class Office:
    """The two people of an area's finance office."""

    first: Account
    second: Account


def office(area_code: str) -> Office:
    """An office of two."""
    factories.area()
    return Office(*(factories.account((RoleKind.OFFICER, area_code)) for _ in range(2)))


def fund_in_force(
    at: Office, area_code: str = PROVINCE, earmarks_fen: Mapping[str, int] | None = None, *, number: str | None = None
) -> Fund:
    """A fund that two persons have agreed on: a million yuan for housing and 100,000 for schooling, unless said otherwise."""
    given = earmarks_fen or {"housing": 100_000_000, "education": 10_000_000}
    document = number or f"黔财农〔2026〕{next(_numbers)}号"
    fund = propose_fund(area_code, Budget.CENTRE, document, "衔接推进乡村振兴补助资金", 2026, given, by=at.first, now=NOW)
    approve_fund(fund, by=at.second, now=NOW)
    return fund


def order(
    *, household: Household | None = None, purpose: str = "housing", place: str = TOWNSHIP, fen: int = 100_000, **more: str
) -> PaymentOrder:
    """An order to pay a thousand yuan to a household, or without one to a building firm, unless said otherwise."""
    payee = ToHousehold(household) if household else ToOrganisation(more.get("credit_code", CREDIT_CODE))
    account = BankAccount(
        "杨阿山" if household else "黔东南建设有限公司", "农业银行", more.get("account", "6228480000000001234")
    )
    document = more.get("document", "丹住建〔2026〕7号")
    return PaymentOrder(purpose, place, fen, "house", more.get("house", "1"), document, payee, account)
