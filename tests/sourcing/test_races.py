"""Real connections that do the same at the same moment: one approval, one opening, one purchase for a delivery."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from marketplace.catalogue.models import Listing
from marketplace.kernel import embedded_postgres
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict
from marketplace.orders.models import OrderGroup
from marketplace.sourcing import contracting, tendering
from marketplace.sourcing.call_offs import CallOff, order_of_list
from marketplace.sourcing.grades import Grade
from marketplace.sourcing.models import Contract, DemandWay, EnterpriseMember
from marketplace.sourcing.ordering import place_delivery
from marketplace.sourcing.price_lists import ListGiven, Step, make_price_list
from tests.own_database import own_database, race
from tests.sourcing.world import ANSWER_BY, HOUR, NOW, OPENS, Canteen, Farm, Window, contracted

ROUNDS = 8


@pytest.fixture(scope="module")
def shop(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    with own_database(database_server, data_dir, "sourcing_races") as app:
        yield app


def approve(member_id: int, contract: str) -> bool:
    with transaction():
        return contracting.approve(db.session.get_one(EnterpriseMember, member_id), contract, now=NOW + 3 * HOUR)


def place(contract: str, delivery_id: int) -> bool:
    with transaction():
        return place_delivery(contract, delivery_id, actor="test", now=NOW + 4 * HOUR)


def turn(member_id: int, demand: str) -> bool:
    with transaction():
        return tendering.turn_key(db.session.get_one(EnterpriseMember, member_id), demand, now=ANSWER_BY)


def test_of_two_approvals_at_once_one_wins(shop: Flask) -> None:
    for _ in range(ROUNDS):
        with shop.app_context():
            canteen, farm = Canteen(), Farm()
            demand = canteen.demand(windows=[Window(OPENS, OPENS, 200_000)])
            quotes = [farm.quotes(demand, kg=200)]
            with transaction():
                contract = contracting.contract_quotes(canteen.buyer, demand.public_id, quotes, now=NOW + 2 * HOUR)
                name, who = contract.public_id, [canteen.owner.id, canteen.approver.id]
                lock = f"SELECT FROM demand WHERE id = {contract.demand_id} FOR UPDATE"
        answers = race(shop, partial(approve, who[0], name), partial(approve, who[1], name), behind=lock)
        assert sorted(answers) == [False, True]
        with shop.app_context():
            contract = db.session.scalars(select(Contract).filter_by(public_id=name)).one()
            winner = db.session.get_one(EnterpriseMember, who[answers.index(True)])
            assert contract.approved_by_id == winner.account_id
            said = select(func.count()).select_from(AuditEvent).filter_by(verb="contract.in_force", object_id=name)
            assert db.session.scalar(said) == 1


def test_a_delivery_that_is_placed_twice_at_once_takes_the_goods_once(shop: Flask) -> None:
    for _ in range(ROUNDS):
        with shop.app_context():
            canteen, farm = Canteen(), Farm()
            contract = contracted(canteen, farm)
            name, delivery_id, listing_id = contract.public_id, contract.deliveries[0].delivery_id, farm.listing.id
            account_id = canteen.owner.account_id
            lock = f"SELECT FROM demand WHERE id = {contract.demand_id} FOR UPDATE"
        answers = race(shop, partial(place, name, delivery_id), partial(place, name, delivery_id), behind=lock)
        assert sorted(answers) == [False, True]
        with shop.app_context():
            assert db.session.get_one(Listing, listing_id).available == 100
            mine = select(func.count()).select_from(OrderGroup).filter_by(account_id=account_id)
            assert db.session.scalar(mine) == 1


def test_two_who_turn_their_keys_at_once_open_the_bids_together(shop: Flask) -> None:
    for _ in range(ROUNDS):
        with shop.app_context():
            canteen, farm = Canteen(), Farm()
            demand = canteen.demand(way=DemandWay.TENDER)
            given = (farm.producer, demand.public_id, farm.listing.public_id, 100_000, 400)
            with transaction():
                tendering.bid(*given, actor="farm", now=NOW + HOUR)
                name, who = demand.public_id, [canteen.buyer.id, canteen.approver.id]
                lock = f"SELECT FROM demand WHERE id = {demand.id} FOR UPDATE"
        answers = race(shop, partial(turn, who[0], name), partial(turn, who[1], name), behind=lock)
        assert sorted(answers) == [False, True]


def call_off(member_id: int, price_list: str, wanted: CallOff) -> str:
    with transaction():
        try:
            return order_of_list(db.session.get_one(EnterpriseMember, member_id), price_list, wanted, now=NOW).state
        except Conflict as error:
            return error.code


def test_of_two_who_order_the_same_stock_of_a_list_at_once_one_gets_it(shop: Flask) -> None:
    for _ in range(ROUNDS):
        with shop.app_context():
            canteens, farm = [Canteen(), Canteen()], Farm(stock=100)
            given = ListGiven("价目", OPENS, OPENS, [Step("potato", Grade.UNGRADED, 0, 300)])
            with transaction():
                name = make_price_list(given, producer_id=farm.producer.id, actor="farm", now=NOW).public_id
            wanted = [CallOff("potato", Grade.UNGRADED, 100_000, one.place.public_id, OPENS, OPENS) for one in canteens]
            who, lock = [one.owner.id for one in canteens], f"SELECT FROM listing WHERE id = {farm.listing.id} FOR UPDATE"
        first, second = (partial(call_off, member, name, one) for member, one in zip(who, wanted, strict=True))
        assert sorted(race(shop, first, second, behind=lock)) == ["in_force", "listed_not_there"]
