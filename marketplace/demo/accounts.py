"""The people of the demo: consumers of the past year, and accounts to try every side of the shop with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from marketplace.catalogue.models import Producer
from marketplace.demo.sellers import Plan
from marketplace.identity.models import Account, Role, RoleKind
from marketplace.identity.service import create_account
from marketplace.kernel import ids
from marketplace.kernel.bulk import copy_rows, next_id, settle_ids
from marketplace.kernel.db import db

PASSWORD = "nongqiao-demo"


@dataclass(frozen=True)
class People:
    """The accounts of the consumers, in their order, and the logins to try (what, login)."""

    consumer_ids: list[int]
    logins: list[tuple[str, str]]


def add_people(
    plan: Plan, sales_of_goods: Sequence[int], producer_ids: list[int], consumers: list[int], named: int, *, now: datetime
) -> People:
    """Open all accounts of the demo. Of the consumers of the past year only the one at ``named`` can sign in."""
    consumer_ids = _add_consumers(consumers, named, now)
    logins = []
    for what, login, name, roles in _OFFICES:
        create_account(login, name, PASSWORD, now=now, roles=roles)
        logins.append((what, login))
    for what, login, producer in _farmers(plan, sales_of_goods):
        row = db.session.get_one(Producer, producer_ids[producer])
        account = create_account(login, row.name_zh, PASSWORD, now=now, roles=[(RoleKind.FARMER, row.area_code)])
        row.account_id = account.id
        logins.append((what, login))
    db.session.flush()
    return People(consumer_ids, [("consumer with a year of purchases", "consumer"), *logins])


_OFFICES: list[tuple[str, str, str, list[tuple[RoleKind, str]]]] = [
    ("enterprise", "canteen", "凯里市第一食堂", [(RoleKind.ENTERPRISE, ""), (RoleKind.CONSUMER, "")]),
    ("operator", "operator", "运营中心", [(RoleKind.OPERATOR, "")]),
    ("second operator, who approves payouts", "cashier", "财务", [(RoleKind.OPERATOR, "")]),
    ("officer of Guizhou province", "guizhou", "贵州省", [(RoleKind.OFFICER, "52")]),
    ("officer of Qiandongnan prefecture", "qiandongnan", "黔东南州", [(RoleKind.OFFICER, "5226")]),
    ("officer of Danzhai county", "danzhai", "丹寨县", [(RoleKind.OFFICER, "522636")]),
    ("officer of Longquan township", "longquan", "龙泉镇", [(RoleKind.OFFICER, "522636100")]),
]


def _farmers(plan: Plan, sales_of_goods: Sequence[int]) -> list[tuple[str, str, int]]:
    """A registered household and a cooperative: those that sell the most, so that there is always something to pack."""
    sold = [0] * len(plan.sellers)
    for seller, sales in zip(plan.seller_of_good, sales_of_goods, strict=True):
        sold[seller] += sales

    def most(cooperative: bool) -> int:
        fitting = [
            number
            for number, seller in enumerate(plan.sellers)
            if seller.cooperative == cooperative and (cooperative or plan.households[next(iter(seller.members))].registered)
        ]
        return max(fitting, key=lambda number: (sold[number], -number))

    return [("farmer", "farmer", most(False)), ("cooperative", "cooperative", most(True))]


def _add_consumers(consumers: list[int], named: int, now: datetime) -> list[int]:
    """One account for each household of the purchases; one of them gets a login and a password of its own."""
    own = create_account("consumer", "顾客", PASSWORD, now=now)
    others = [household for at, household in enumerate(consumers) if at != named]
    first = next_id(Account)
    rest = len(others)
    copy_rows(
        Account,
        ["id", "public_id", "login", "display_name", "active", "session_epoch", "created_at"],
        [
            (first + at, public_id, f"household-{household}", f"顾客{household}", True, 0, now)
            for at, (household, public_id) in enumerate(zip(others, ids.public_ids(rest), strict=True))
        ],
    )
    account_ids = list(range(first, first + rest))
    copy_rows(Role, ["account_id", "kind", "scope_code"], [(number, RoleKind.CONSUMER, "") for number in account_ids])
    settle_ids(Account)
    account_ids.insert(named, own.id)
    return account_ids
