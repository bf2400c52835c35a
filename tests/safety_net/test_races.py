"""Several officers decide and pay at one moment: an entitlement is granted once and its money leaves once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.assistance.safety_net.deciding import decline, grant, pay
from marketplace.assistance.safety_net.models import Entitlement
from marketplace.assistance.safety_net.states import EntitlementState
from marketplace.funds.models import Fund, FundPayment
from marketplace.funds.queries import held_fen
from marketplace.identity.models import Account
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.registry.reading import unbounded
from tests.factories import NOW
from tests.own_database import own_database, race
from tests.safety_net.test_deciding import entitled, paying, relief
from tests.safety_net.world import COUNTY, LINE_FEN, world


@pytest.fixture(scope="module")
def county(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    """A database that several connections commit to."""
    with own_database(database_server, data_dir, "safety_net_races") as app:
        yield app


def test_of_those_who_decide_and_pay_at_once_each_act_is_done_once(county: Flask) -> None:
    with county.app_context(), transaction():
        here, fund = world(), relief()
        row_id, fund_id, first, second = entitled(here).id, fund.id, here.first.id, here.second.id
    lock = f"SELECT FROM entitlement WHERE id = {row_id} FOR UPDATE"

    def row() -> Entitlement:
        return db.session.scalars(unbounded(select(Entitlement).filter_by(id=row_id), "a test")).one()

    def grant_it() -> bool:
        with transaction():
            return grant(row(), "", by=db.session.get_one(Account, first), now=NOW)

    def decline_it() -> bool:
        with transaction():
            return decline(row(), "收入变了", by=db.session.get_one(Account, second), now=NOW)

    def pay_it() -> bool:
        with transaction():
            own = paying(db.session.get_one(Fund, fund_id))
            return pay(row(), own, by=db.session.get_one(Account, second), now=NOW) is not None

    assert sorted(race(county, grant_it, grant_it, grant_it, behind=lock)) == [False, False, True]
    answers = race(county, pay_it, pay_it, decline_it, behind=lock)
    refused = [each for each in answers if isinstance(each, Exception)]
    with county.app_context():
        paid = db.session.scalar(select(func.count(FundPayment.id)))
        held = held_fen(db.session.get_one(Fund, fund_id), "relief", COUNTY)
        # What was granted is not declined any more, whoever comes first.
        assert [type(each) for each in refused] == [Conflict]
        assert (row().state, paid, held) == (EntitlementState.PAID, 1, 10_000_000 - LINE_FEN)
