"""Price lists on pages: a farm writes one down, an enterprise orders of it, and the operator's marks quotes above it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.identity.models import Account, RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.sourcing.demands import Window, weekly
from marketplace.sourcing.models import Contract, DemandKind, PriceList
from marketplace.web.portals import operator_price_lists
from marketplace.web.portals.buyer_price_lists import PER_PAGE
from tests import factories
from tests.sourcing.world import Canteen, Farm
from tests.web.conftest import StatementCount

TODAY = clock.local_day(clock.now())
DAY = timedelta(days=1)


@pytest.fixture
def canteen(session: Session) -> Canteen:
    return Canteen()


def form(**other: str) -> dict[str, str]:
    usual = {
        "name": "秋冬价",
        "valid_from": TODAY.isoformat(),
        "valid_to": (TODAY + 90 * DAY).isoformat(),
        "goods": "potato",
        "grade": "ungraded",
        "price": "4",
        "from_2": "100",
        "price_2": "3.5",
    }
    return usual | other


def test_a_farm_writes_a_list_down_and_an_enterprise_orders_of_it(canteen: Canteen, as_: type) -> None:
    farm = Farm()
    farmer = as_(farm.account)
    assert farmer.post("/farm/price-lists/", data=form()).status_code == 303
    made = db.session.scalars(select(PriceList)).one()
    assert [(line.from_g, line.fen_kg) for line in made.lines] == [(0, 400), (100_000, 350)]
    assert "秋冬价" in farmer.get("/farm/price-lists/").text
    owner = as_(canteen.owner_account)
    assert "¥3.50" in owner.get("/buyer/price-lists/").text
    order = {"goods": "potato:ungraded", "kg": "100", "place": canteen.place.public_id}
    refused = owner.post(f"/buyer/price-lists/{made.public_id}/order", data=order | {"opens_on": TODAY.isoformat()})
    assert refused.status_code == 422
    day = (TODAY + 4 * DAY).isoformat()
    assert owner.post(f"/buyer/price-lists/{made.public_id}/order", data=order | {"opens_on": day}).status_code == 303
    assert db.session.scalars(select(Contract.total_fen)).one() == 35_000
    farmer = as_(farm.account)
    assert farmer.post(f"/farm/price-lists/{made.public_id}/end").status_code == 303
    assert (
        as_(canteen.owner_account)
        .post(f"/buyer/price-lists/{made.public_id}/order", data=order | {"opens_on": day})
        .status_code
        == 404
    )


@pytest.mark.parametrize(
    "wrong", [{"price": "0"}, {"price_2": ""}, {"from_2": ""}, {"price_2": "5"}, {"goods": "gold"}, {"valid_to": "2020-01-01"}]
)
def test_a_form_that_cannot_be_meant_comes_back_as_it_was_filled_in(canteen: Canteen, as_: type, wrong: dict[str, str]) -> None:
    answer = as_(Farm().account).post("/farm/price-lists/", data=form(**wrong))
    assert answer.status_code == 422
    assert "秋冬价" in answer.text
    assert db.session.scalars(select(PriceList)).all() == []


def test_the_markets_list_marks_quotes_above_it(canteen: Canteen, as_: type) -> None:
    farm = Farm()
    demand = canteen.demand()
    farm.quotes(demand, 100, 400)
    with transaction():
        operator = factories.account((RoleKind.OPERATOR, ""))
    days = {"valid_from": demand.deliveries[0].opens_on.isoformat(), "valid_to": (TODAY + 30 * DAY).isoformat()}
    desk = as_(operator)
    assert desk.post("/operator/price-lists/", data=form(price="3", from_2="", price_2="", **days)).status_code == 303
    assert "秋冬价" in desk.get("/operator/price-lists/").text
    assert "¥3.00" in as_(canteen.buyer.account).get(f"/buyer/demands/{demand.public_id}").text


def test_a_colleague_who_receives_goods_sees_prices_and_orders_nothing(canteen: Canteen, as_: type) -> None:
    as_(Farm().account).post("/farm/price-lists/", data=form())
    made = db.session.scalars(select(PriceList)).one()
    door = as_(canteen.receiver.account)
    page = door.get("/buyer/price-lists/").text
    assert "秋冬价" in page
    assert "/order" not in page
    order = {
        "goods": "potato:ungraded",
        "kg": "10",
        "place": canteen.place.public_id,
        "opens_on": (TODAY + 4 * DAY).isoformat(),
    }
    assert door.post(f"/buyer/price-lists/{made.public_id}/order", data=order).status_code == 403


def test_pages_ask_for_lists_once_however_many_quotes_demands_and_deliveries_there_are(
    canteen: Canteen, as_: type, statements: StatementCount
) -> None:
    farms = [Farm() for _ in range(4)]
    demand = canteen.demand(**ahead(1))
    farms[0].quotes(demand, now=clock.now())

    def asked(account: Account, path: str) -> int:
        somebody = as_(account)
        somebody.get(path)
        statements.begin()
        assert somebody.get(path).status_code == 200
        return statements.number

    quotes, requests = f"/buyer/demands/{demand.public_id}", "/farm/requests/"
    before = asked(canteen.buyer.account, quotes), asked(farms[3].account, requests)
    for farm in farms[1:3]:
        farm.quotes(demand, now=clock.now())
    for weeks in (1, 3):
        canteen.demand(**ahead(weeks))
    assert (asked(canteen.buyer.account, quotes), asked(farms[3].account, requests)) == before


def ahead(weeks: int) -> dict[str, Any]:
    """A demand of so many weeks that can be answered now."""
    return {
        "windows": weekly(Window(TODAY + 9 * DAY, TODAY + 9 * DAY, 100_000 // weeks), weeks),
        "answer_by_at": clock.now() + 2 * DAY,
        "kind": DemandKind.RECURRING if weeks > 1 else DemandKind.ONE_OFF,
    }


def test_lists_beyond_a_page_are_behind_a_link(canteen: Canteen, as_: type) -> None:
    farmer = as_(Farm().account)
    for at in range(PER_PAGE + 1):
        assert farmer.post("/farm/price-lists/", data=form(name=f"价目{at}号")).status_code == 303
    owner = as_(canteen.owner_account)
    first = owner.get("/buyer/price-lists/").text
    oldest = db.session.scalars(select(PriceList).order_by(PriceList.id)).first()
    assert oldest is not None
    assert "价目1号" in first
    assert "价目0号" not in first
    link = re.search(r"/buyer/price-lists/\?after=[a-z0-9]{14}", first)
    assert link is not None
    second = owner.get(link.group()).text
    assert "价目0号" in second
    assert "价目1号" not in second
    assert f"/buyer/price-lists/{oldest.public_id}/order" in second


def test_the_operator_looks_an_enterprise_up_by_name_where_there_are_many(
    canteen: Canteen, as_: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operator_price_lists, "MOST_OFFERED", 1)
    other = Canteen()
    with transaction():
        canteen.owner.enterprise.name, other.owner.enterprise.name = "凯里一小", "凯里二中"
        operator = factories.account((RoleKind.OPERATOR, ""))
    Farm()
    desk = as_(operator)
    assert 'name="words"' in desk.get("/operator/price-lists/").text
    found = desk.get("/operator/price-lists/?words=二中").text
    assert "凯里二中" in found
    assert "凯里一小" not in found
    assert f'value="{other.owner.enterprise.public_id}" selected' in found
    made = desk.post("/operator/price-lists/?words=二中", data=form(enterprise=other.owner.enterprise.public_id))
    assert made.status_code == 303
    assert db.session.scalars(select(PriceList)).one().enterprise == other.owner.enterprise
