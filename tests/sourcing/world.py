"""A canteen, its people, and farms that grow what it wants."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from marketplace.catalogue.models import Listing, Producer, Unit
from marketplace.identity.models import Account, RoleKind
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.orders.service import deliver_order, ship_order
from marketplace.sourcing import contracting, demands, enterprises, quoting
from marketplace.sourcing.demands import DemandGiven, Window
from marketplace.sourcing.enterprises import PlaceGiven
from marketplace.sourcing.models import Contract, Demand, DemandWay, EnterpriseMember, MemberRole
from marketplace.sourcing.ordering import place_delivery
from marketplace.sourcing.quoting import Figures
from tests import factories

NOW = factories.NOW
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# The wanted days begin a week from now, and answers are taken for two days.
OPENS = local_day(NOW) + 7 * DAY
ANSWER_BY = NOW + 2 * DAY


class Canteen:
    """A school kitchen: an owner without a limit, a buyer up to 500 yuan, a second approver, a receiver; one place."""

    def __init__(self) -> None:
        with transaction():
            factories.area("522636")
            self.owner_account = self._account("王园长")
            self.owner = enterprises.own_member(self.owner_account, now=NOW)
            self.buyer = self._member("采购员", MemberRole.BUYER, 50_000)
            self.approver = self._member("副园长", MemberRole.APPROVER, 10_000_000)
            self.receiver = self._member("厨师长", MemberRole.RECEIVER, None)
            given = PlaceGiven("食堂", "厨师长", "13800001234", "522636", "南街 5 号", "6:00–8:00")
            self.place = enterprises.add_place(self.owner, given, now=NOW)

    @staticmethod
    def _account(name: str) -> Account:
        return factories.account((RoleKind.ENTERPRISE, ""), name=name)

    def _member(self, name: str, role: MemberRole, limit_fen: int | None) -> EnterpriseMember:
        return enterprises.add_member(self.owner, self._account(name).login, role, limit_fen, now=NOW)

    def given(self, **other: Any) -> DemandGiven:
        """100 kg of potatoes at most at 5.00 yuan a kilogram, once."""
        usual: dict[str, Any] = {
            "place": self.place.public_id,
            "goods": "potato",
            "windows": [Window(OPENS, OPENS + DAY, 100_000)],
            "price_ceiling_fen_kg": 500,
            "way": DemandWay.QUOTES,
            "answer_by_at": ANSWER_BY,
        }
        return DemandGiven(**usual | other)

    def demand(self, **other: Any) -> Demand:
        """A demand that is open for answers."""
        with transaction():
            made = demands.make_demand(self.buyer, self.given(**other), now=NOW)
            return demands.publish(self.buyer, made.public_id, now=NOW)


class Farm:
    """A household with potatoes by the kilogram in stock."""

    def __init__(self, *, registered: bool = False, stock: int = 200, unit: Unit = Unit.KG, unit_grams: int = 1000) -> None:
        with transaction():
            shelf = factories.category("vegetables", "蔬菜", "Vegetables")
            potato = factories.product("potato", "土豆", "Potato", shelf)
            self.account = factories.account((RoleKind.FARMER, ""), name="农户")
            self.producer: Producer = factories.producer(registered=registered, owner=self.account)
            self.listing: Listing = factories.listing(
                self.producer, potato, price_fen=400, stock=stock, unit=unit, unit_grams=unit_grams, title_zh="土豆"
            )

    @property
    def available(self) -> Decimal:
        """What is on sale, fresh."""
        db.session.refresh(self.listing)
        return self.listing.available

    def quotes(self, demand: Demand, kg: int = 100, fen_kg: int = 400, *, now: datetime = NOW + HOUR) -> str:
        """A quote for a demand; its public id."""
        with transaction():
            quote = quoting.offer(
                self.producer,
                demand.public_id,
                self.listing.public_id,
                Figures(kg * 1000, fen_kg),
                actor=self.account.public_id,
                now=now,
            )
            return quote.public_id

    def ships(self, order_public_id: str, *, at: datetime) -> None:
        """Send an order and bring it to its door."""
        with transaction():
            ship_order(order_public_id, self.producer.id, actor=self.account.public_id, now=at)
            deliver_order(order_public_id, producer_id=self.producer.id, actor=self.account.public_id, now=at)


def contracted(canteen: Canteen, *farms: Farm, kg: int = 100, fen_kg: int = 400, **other: Any) -> Contract:
    """A contract in force with each farm, that the owner has made of their quotes."""
    demand = canteen.demand(**other)
    quotes = [farm.quotes(demand, kg // len(farms), fen_kg) for farm in farms]
    with transaction():
        return contracting.contract_quotes(canteen.owner, demand.public_id, quotes, now=NOW + 2 * HOUR)


def placed(contract: Contract) -> Contract:
    """The contract, with every delivery placed."""
    with transaction():
        for row in contract.deliveries:
            place_delivery(contract.public_id, row.delivery_id, actor="test", now=NOW + 3 * HOUR)
    return contract
