"""The demo's public money: what was put there for the detectors is what they find, and the books add up."""

from collections import Counter
from datetime import UTC, date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.demo.funds import add_funds
from marketplace.funds.looking import findings_within
from marketplace.funds.models import BankDay, FundPayment
from marketplace.funds.queries import ledger_faults
from marketplace.identity.models import RoleKind
from marketplace.kernel.db import db, transaction
from tests import factories
from tests.registry import people

VILLAGES = ("522636100001", "522636101001", "522636102001")


def test_the_demo_has_money_on_three_levels_and_twelve_findings(session: Session) -> None:
    with transaction():
        keeper = people.officer()
        for village in VILLAGES:
            factories.area(village)
            for _ in range(20):
                last = factories.household(village)
                people.head(last, keeper)
        gone = people.head(factories.household(), keeper)
        gone.left_on, gone.left_why = date(2025, 9, 1), "died"
        factories.account((RoleKind.OFFICER, "52"), login="guizhou")
        factories.account((RoleKind.OFFICER, "522636"), login="danzhai")
        logins = add_funds("a good password", now=datetime(2026, 6, 15, 4, 0, tzinfo=UTC))
    assert [login for _, login in logins] == ["guizhou-finance", "danzhai-finance", "auditor"]
    found = Counter(finding.kind for finding in findings_within(""))
    assert found == {
        "idle": 3,
        "split": 2,
        "round_trip": 1,
        "shared_account": 2,
        "related_officer": 2,
        "duplicate_invoice": 1,
        "dead_payee": 1,
    }
    assert ledger_faults() == []
    states = db.session.execute(select(FundPayment.state, func.count()).group_by(FundPayment.state)).all()
    assert dict(map(tuple, states)) == {"paid": 188, "proposed": 3}
    [day] = db.session.scalars(select(BankDay)).all()
    assert Counter(item.side for item in day.items) == {"both": 5, "books": 1, "bank": 1}
