"""A fund that is issued, passed on, paid out of and reversed, for tests that cut the work off somewhere."""

from datetime import datetime, timedelta

from sqlalchemy import select

from marketplace.funds.bank import close_day, read_day, settle_day
from marketplace.funds.looking import look_through
from marketplace.funds.models import Budget, Fund
from marketplace.funds.payments import approve_payment, propose_payment, reverse_payment
from marketplace.funds.queries import ledger_faults
from marketplace.funds.service import allocate, approve_fund, give_back, propose_fund
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from tests import factories
from tests.funds.county import order

# A county of their own for each who lives, in a province where nobody else does.
_COUNTY = "53{account:04d}"


def _county(account_id: int) -> str:
    return _COUNTY.format(account=account_id % 10_000)


def public_money_paid(account_id: int, now: datetime) -> None:
    """Every step of a fund's life, each in a transaction of its own as on the pages."""
    county = _county(account_id)
    with transaction():
        factories.area(f"{county}100001")
        first, second = (factories.account((RoleKind.OFFICER, county), login=f"finance-{account_id}-{who}") for who in (1, 2))
    with transaction():
        fund = propose_fund(county, Budget.COUNTY, f"文{account_id}", "住房", 2026, {"housing": 1_000_000}, by=first, now=now)
    with transaction():
        approve_fund(fund, by=second, now=now)
    with transaction():
        allocate(fund, "housing", county, f"{county}100", 600_000, "文", by=first, now=now)
    with transaction():
        give_back(fund, "housing", f"{county}100", county, 100_000, "文", by=first, now=now)
    with transaction():
        payment = propose_payment(fund, order(place=f"{county}100", fen=200_000), by=first, now=now)
    with transaction():
        approve_payment(payment, by=second, now=now)
    with transaction():
        reverse_payment(payment, "退回", by=first, now=now)
    later = now + timedelta(days=1)
    with transaction():
        body = b"day,amount,reference,account\n"
        # A day on which nothing moved, so that nothing has to be explained.
        day = read_day(county, local_day(now) - timedelta(days=1), body, by=first, now=later)
    with transaction():
        settle_day(day, by=first, now=later)
        close_day(day, by=second, now=later)
    with transaction():
        look_through(county, actor="test", now=later)


def fund_faults(account_id: int) -> list[str]:
    """What is wrong with public money after all; empty when each fund's moves, payments and ledger agree."""
    mine = db.session.scalars(select(Fund).filter_by(area_code=_county(account_id))).all()
    wrong = [fault for fault in ledger_faults() if any(fund.public_id in fault for fund in mine)]
    half = [fund.state for fund in mine if fund.state not in ("proposed", "in_force")]
    known = db.session.scalars(select(Account.login).where(Account.login.startswith(f"finance-{account_id}-"))).all()
    if half or len(known) not in (0, 2):
        wrong.append(f"funds {half} and officers {known}")
    return wrong
