"""Two persons of the data centre's office at one moment, on real connections: one proposal waits, one partner takes part."""

from collections.abc import Callable
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from marketplace.exchange.agreeing import decide_change, propose_partner
from marketplace.exchange.models import ExchangePartner, PartnerChange
from marketplace.exchange.states import ChangeAction
from marketplace.identity.models import Account
from marketplace.kernel import clock, embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from tests.exchange.test_agreeing import COUNTY, department, officer, proposed
from tests.own_database import own_database, race


def came_second(app: Flask, behind: str, *acts: Callable[[], object]) -> list[str]:
    """Let all act at one moment, each in a transaction; answers the codes of those who were told that they came second."""

    def runner(act: Callable[[], object]) -> Callable[[], None]:
        def run() -> None:
            with transaction():
                act()

        return run

    told = [answer for answer in race(app, *(runner(act) for act in acts), behind=behind) if isinstance(answer, Exception)]
    assert all(isinstance(answer, Conflict) for answer in told), told
    return [answer.code for answer in told if isinstance(answer, Conflict)]


def test_of_two_who_propose_one_system_at_once_one_is_told_that_it_waits_and_of_two_confirmed_one_takes_part(
    database_server: embedded_postgres.Server, data_dir: Path
) -> None:
    with own_database(database_server, data_dir, "agreeing-races") as app:
        with app.app_context(), transaction():
            first, second, asks, beside, fourth = (officer(area).id for area in (COUNTY, COUNTY, COUNTY, "522635", "522635"))

        def propose(by: int) -> Callable[[], object]:
            return lambda: propose_partner(
                department(db.session.get_one(Account, asks)),
                own_network=False,
                by=db.session.get_one(Account, by),
                now=clock.now(),
            )

        def confirm(change: int, by: int) -> Callable[[], object]:
            return lambda: decide_change(
                db.session.get_one(PartnerChange, change),
                ChangeAction.CONFIRM,
                own_network=False,
                by=db.session.get_one(Account, by),
                now=clock.now(),
            )

        # Whoever writes a proposal holds its area.
        area = f"SELECT FROM area WHERE code = '{department(Account()).area_code}' FOR UPDATE"
        assert came_second(app, area, propose(first), propose(second)) == ["change_waits"]
        with app.app_context(), transaction():
            here = db.session.scalars(select(PartnerChange)).one()
            there = proposed(db.session.get_one(Account, beside), department(db.session.get_one(Account, beside), "522635"))
            changes, confirmer = (here.id, there.id), second if here.proposed_by_id == first else first
        both = f"SELECT FROM partner_change WHERE id IN {changes} FOR UPDATE"
        acts = confirm(changes[0], confirmer), confirm(changes[1], fourth)
        assert came_second(app, both, *acts) == ["partner_there"]
        with app.app_context():
            assert len(db.session.scalars(select(ExchangePartner)).all()) == 1
            waiting = db.session.scalars(select(PartnerChange.state).order_by(PartnerChange.state)).all()
            assert waiting == ["confirmed", "proposed"]
