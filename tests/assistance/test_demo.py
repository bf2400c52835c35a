"""The demo's responsibility and needs, on a small village."""

from datetime import date

from sqlalchemy.orm import Session

from marketplace.assistance.duty.queries import (
    funds_within,
    helpers_of,
    open_handovers,
    scores_of,
    unasked_visits,
    years_within,
)
from marketplace.assistance.needs.queries import public_needs, rounds_within
from marketplace.demo.assistance import add_assistance
from marketplace.identity.models import RoleKind
from marketplace.registry.reading import Reach
from tests import factories
from tests.assistance.world import COUNTY, TOWNSHIP
from tests.factories import NOW, VILLAGE


def test_the_demo_has_helpers_one_who_left_and_needs_on_their_way(acting: Session) -> None:
    factories.area()
    factories.account((RoleKind.OFFICER, COUNTY), login="danzhai")
    factories.account((RoleKind.ENTERPRISE, ""), login="canteen", name="第一食堂")
    officers = {
        TOWNSHIP: [factories.account((RoleKind.OFFICER, TOWNSHIP)).id],
        VILLAGE: [factories.account((RoleKind.OFFICER, VILLAGE)).id],
    }
    own, *_ = [factories.household(registered_from=date(2020, 1, 1)) for _ in range(12)]
    add_assistance("danzhai", "canteen", own, officers, now=NOW)
    assert len(helpers_of(own)) == 1
    assert len(open_handovers(Reach.everywhere("a test"))) == 4
    (year,) = years_within(Reach.everywhere("a test"))
    assert (year.state, len(scores_of(year))) == ("drafted", 3)
    assert len(unasked_visits(Reach.everywhere("a test"), not_by=factories.account())) == 3
    assert [funds.amount_fen for funds, _, _ in funds_within(Reach.everywhere("a test"))] == [80_000]
    (matched,) = rounds_within(Reach.everywhere("a test"))
    assert (matched.needs, matched.matched) == (2, 1)
    assert sorted(need.state for need in public_needs()) == ["open", "open", "pledged"]
