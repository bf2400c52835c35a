"""The demo's year of cases: every procedure has come somewhere, by the steps that officers take."""

from collections import Counter
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.demo.cases import add_cases
from marketplace.identity.models import RoleKind
from marketplace.kernel.db import db, transaction
from marketplace.registry.models import Case, ComparisonAlert, Objection
from marketplace.registry.reading import unbounded
from tests import factories


def test_a_village_of_the_demo_has_cases_on_every_way(session: Session) -> None:
    factories.area()
    factories.account((RoleKind.OFFICER, factories.VILLAGE), login="village", name="摆泥村")
    with transaction():
        logins = add_cases("a good password", now=datetime(2026, 6, 15, 4, 0, tzinfo=UTC))
    cases = db.session.execute(unbounded(select(Case.kind, Case.state), "a test"))
    assert Counter(f"{kind} {state}" for kind, state in cases) == {
        "entry registered": 4,
        "entry first_notice": 3,
        "exit tracked": 1,
        "exit verified": 1,
        "monitoring monitored": 1,
        "monitoring clue": 1,
    }
    assert len(db.session.scalars(unbounded(select(ComparisonAlert.id), "a test")).all()) == 1
    assert len(db.session.scalars(unbounded(select(Objection.id), "a test")).all()) == 1
    assert len(logins) == 5
