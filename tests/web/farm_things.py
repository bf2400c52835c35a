"""One of everything that can be worked on for a farm, and a request for each page and operation of the farmer's side."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from PIL import Image
from sqlalchemy import select

from marketplace.catalogue.catch_weight import CatchWeight
from marketplace.catalogue.certificates import Paper, submit_certificate
from marketplace.catalogue.models import CertificateKind, Listing, Producer, Unit
from marketplace.catalogue.photos import add_photo, photos_of
from marketplace.catalogue.service import Offer, add_harvest, create_listing, publish
from marketplace.catalogue.terms import Terms
from marketplace.identity.models import Scope
from marketplace.kernel import clock
from marketplace.kernel.clock import local_day
from marketplace.kernel.db import db, transaction
from marketplace.kernel.pictures import Picture, read_picture, store_picture
from marketplace.orders.claim_states import ClaimKind
from marketplace.orders.claims import Complaint, buyer, file_claim
from marketplace.orders.models import Claim, Order, Shipment, ShipmentOrder, Weighing
from marketplace.orders.reviews import Opinion, write_review
from marketplace.orders.shipment_states import ShipmentAction
from marketplace.orders.shipments import News, note_news, resolve_shipment, send_order
from marketplace.sourcing.grades import Grade
from marketplace.web.claim_words import private_folder
from marketplace.web.uploads import pictures_folder
from tests.web.desk_world import World
from tests.web.farm_plans import FarmPlans

GET, POST, PUT, PATCH, DELETE = "GET", "POST", "PUT", "PATCH", "DELETE"
API = "/api/v1"
LIST, STOCK, SHIP, ANSWER = ({Scope.LIST},), ({Scope.STOCK},), ({Scope.SHIP},), ({Scope.ANSWER},)
MONEY, GOODS, EITHER = ({Scope.RECEIVE_MONEY},), ({Scope.LIST, Scope.STOCK},), ({Scope.LIST}, {Scope.STOCK})
# What stays with the household itself: no mandate opens it.
HOUSEHOLD: tuple[set[Scope], ...] = ()
# A name that nothing has.
NONE = "n" * 14


def jpeg(number: int) -> bytes:
    """A small photograph; two numbers, two photographs."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), (number * 9 % 256, 90, 60)).save(buffer, "JPEG")
    return buffer.getvalue()


def picture(number: int) -> Picture:
    """The same, read."""
    return read_picture(jpeg(number))


def sent(number: int) -> tuple[io.BytesIO, str]:
    """The same, as a browser sends it."""
    return io.BytesIO(jpeg(number)), "photo.jpg"


class Things:
    """A farm's listing with photos and harvests to come, orders at every step, claims, reviews and a certificate."""

    def __init__(self, world: World, farm: Producer) -> None:
        self.world, self.farm, self.now = world, farm, clock.now()
        self.day = local_day(self.now)
        self.listing = world.listing(farm)
        self.hidden = world.listing(farm)
        self.at = f"/farm/listings/{self.listing.public_id}"
        self.api_at = f"{API}{self.at}"
        self.api_hidden = f"{API}/farm/listings/{self.hidden.public_id}"
        with transaction():
            for number in range(4):
                add_photo(self.listing, picture(number), actor="test", now=self.now)
            self.lots = [self._lot(days).public_id for days in (20, 21, 22, 23)]
        self.photos = [photo.public_id for photo in photos_of(self.listing.id)]
        self.orders = [self._order() for _ in range(2)]
        self.weighed = [self._weighed_order() for _ in range(2)]
        self.shipments = [self._shipment() for _ in range(2)]
        self.came_back = [self._came_back() for _ in range(2)]
        self.claims = [self._claim() for _ in range(7)]
        self.certificate = self._certificate()
        self.plans = FarmPlans(self.listing)

    def _lot(self, days: int) -> Any:
        grams = {self.farm.household_id: 5_000}
        on = self.day + timedelta(days=days)
        return add_harvest(self.listing, Decimal(10), on, grams, expected=True, actor="test", now=self.now)  # type: ignore[arg-type]

    def _order(self) -> str:
        return self.world.order(self.world.purchase(self.listing, "1", cash=True, now=self.now)).public_id

    def _weighed_order(self) -> tuple[str, str]:
        with transaction():
            terms = Terms(catch_weight=CatchWeight(Unit.JIN, 2800, 1250, 1600))
            offer = Offer(self.world.product, "土鸡", "Hen", Unit.PIECE, 1600, 0, terms=terms)
            hen = create_listing(self.farm, offer, actor="test", now=self.now)
            grams = {self.farm.household_id: 16_000}
            add_harvest(hen, Decimal(10), self.day, grams, actor="test", now=self.now)  # type: ignore[arg-type]
            publish(hen, actor="test", now=self.now)
        order = self.world.order(self.world.purchase(hen, "1", cash=True, total_fen=hen.price_fen, now=self.now))
        weighing = db.session.scalars(select(Weighing.public_id).where(Weighing.line_id == order.lines[0].id)).one()
        return order.public_id, weighing

    def _shipment(self) -> str:
        order = self._order()
        with transaction():
            send_order(order, self.farm.id, None, None, actor="test", now=self.now)
        query = select(Shipment.public_id).join(ShipmentOrder, ShipmentOrder.shipment_id == Shipment.id)
        query = query.join(Order, Order.id == ShipmentOrder.order_id).where(Order.public_id == order)
        return db.session.scalars(query).one()

    def _came_back(self) -> str:
        """An order whose parcel came back."""
        shipment = db.session.scalars(select(Shipment).filter_by(public_id=self._shipment())).one()
        with transaction():
            news = News(ShipmentAction.RETURN, self.now, "operator")
            note_news(shipment.public_id, news, actor="test", now=self.now)
            resolve_shipment(shipment.public_id, actor="test", now=self.now)
        return shipment.parcels[0].order.public_id

    def _claim(self) -> tuple[str, str, str]:
        """A claim on an order of its own, with its order and the buyer's review."""
        group = self.world.purchase(self.listing, "2", now=self.now)
        self.world.pay(group, now=self.now)
        self.world.deliver(group, now=self.now)
        order = self.world.order(group).public_id
        store_picture(picture(99), private_folder())
        with transaction():
            complaint = Complaint(ClaimKind.ROTTEN, "烂了", asked_fen=1000, pictures=[picture(99)])
            by = buyer(self.world.buyer.id, self.world.buyer.public_id)
            claim = file_claim(order, 1, complaint, by, now=self.now).public_id
            review = write_review(order, 1, Opinion(4, "好"), self.world.buyer, now=self.now).public_id
        return claim, order, review

    def _certificate(self) -> str:
        name = store_picture(picture(98), pictures_folder())
        valid_to = self.day + timedelta(days=300)
        paper = Paper(CertificateKind.ORGANIC, "O-1", "质检所", self.day, valid_to, "picture", name, None, None)
        with transaction():
            return submit_certificate(self.farm, paper, actor="test", now=self.now).public_id

    def claim_picture(self) -> str:
        """The name of the first claim's picture."""
        claim = db.session.scalars(select(Claim).filter_by(public_id=self.claims[0][0])).one()
        return claim.pictures[0].public_id

    def paper(self, number: str) -> dict[str, Any]:
        """A certificate's form with its paper."""
        days = {"valid_from": self.day.isoformat(), "valid_to": (self.day + timedelta(days=99)).isoformat()}
        return {"kind": "organic", "number": number, "issuer": "质检所", **days, "paper": sent(97)}


@dataclass(frozen=True)
class Operation:
    """A page or an act: the scopes of which a whole set is needed, what it answers who may, and how it is asked for."""

    needed: tuple[set[Scope], ...]
    status: int
    path: Callable[[Things], str]
    body: Callable[[Things], dict[str, Any]] = lambda _things: {}


def _day(things: Things, days: int = 0) -> str:
    return (things.day + timedelta(days=days)).isoformat()


def _claim(number: int, act: str, root: str = "/farm/after/claims") -> Callable[[Things], str]:
    return lambda t: f"{root}/{t.claims[number][0]}" + (f"/{act}" if act else "")


def _data(**form: Any) -> Callable[[Things], dict[str, Any]]:
    return lambda _things: {"data": form}


def _json(**given: Any) -> Callable[[Things], dict[str, Any]]:
    return lambda _things: {"json": given}


def _new_listing(things: Things) -> dict[str, Any]:
    form = {"product": "apple", "unit": "jin", "price": "6.00", "quantity": "12", "title_zh": "青苹果"}
    return {"data": {**form, "harvested_on": _day(things)}}


def _new_by_program(things: Things) -> dict[str, Any]:
    harvest = {"harvested_on": _day(things), "quantity": "12"}
    return {"json": {"product": "apple", "unit": "jin", "price_fen": 600, "title_zh": "青苹果", "harvest": harvest}}


def _table(things: Things) -> str:
    row = f"apple,jin,6.00,12,{_day(things)},青苹果"
    return f"product,unit,price,quantity,harvested_on,title_zh\n{row}\n"


def _offer(things: Things) -> dict[str, Any]:
    return {"listing": things.listing.public_id, "grams": 10_000, "fen_kg": 300}


WHY = _data(words="我们看过了")
API_WHY = _json(words="我们看过了")
API_CLAIMS = f"{API}/farm/claims"
# A claim that is not where an act begins is refused with 409, which a page says kindly after its 303.
OPERATIONS: dict[tuple[str, str], Operation] = {
    ("producer.orders", GET): Operation(SHIP, 200, lambda t: "/farm/"),
    ("producer.label", GET): Operation(SHIP, 200, lambda t: f"/farm/orders/{t.orders[0]}/label"),
    ("producer.ship", POST): Operation(SHIP, 303, lambda t: f"/farm/orders/{t.orders[0]}/ship"),
    ("producer.arrived", POST): Operation(SHIP, 303, lambda t: f"/farm/shipments/{t.shipments[0]}/arrived"),
    ("producer_weighing.weigh", GET): Operation(SHIP, 200, lambda t: f"/farm/orders/{t.weighed[0][0]}/weigh"),
    ("producer_weighing.weighed", POST): Operation(
        SHIP,
        303,
        lambda t: f"/farm/orders/{t.weighed[0][0]}/weigh",
        lambda t: {"data": {f"weight_{t.weighed[0][1]}": "2.8"}},
    ),
    ("producer.listings", GET): Operation(EITHER, 200, lambda t: "/farm/listings"),
    ("producer.listing_new", GET): Operation(GOODS, 200, lambda t: "/farm/listings/new"),
    ("producer.listing_create", POST): Operation(GOODS, 303, lambda t: "/farm/listings/new", _new_listing),
    ("producer.listing_edit", GET): Operation(EITHER, 200, lambda t: t.at),
    ("producer.listing_change", POST): Operation(LIST, 303, lambda t: t.at, _data(price="7.00", title_zh="红苹果")),
    ("producer.harvest_add", POST): Operation(
        STOCK, 303, lambda t: f"{t.at}/harvest", lambda t: {"data": {"harvested_on": _day(t), "quantity": "5"}}
    ),
    ("producer.listing_withdraw", POST): Operation(LIST, 303, lambda t: f"/farm/listings/{t.hidden.public_id}/withdraw"),
    ("producer.listing_publish", POST): Operation(LIST, 303, lambda t: f"/farm/listings/{t.hidden.public_id}/publish"),
    ("producer_import.table", GET): Operation(GOODS, 200, lambda t: "/farm/listings/import"),
    ("producer_import.table_read", POST): Operation(
        GOODS, 303, lambda t: "/farm/listings/import", lambda t: {"data": {"table": _table(t), "act": "sell"}}
    ),
    ("producer_import.empty_table", GET): Operation(GOODS, 200, lambda t: "/farm/listings/import/table.csv"),
    ("producer_goods.showing", GET): Operation(EITHER, 200, lambda t: f"{t.at}/showing"),
    ("producer_goods.photos_add", POST): Operation(
        LIST, 303, lambda t: f"{t.at}/photos", lambda t: {"data": {"photo": sent(11)}}
    ),
    ("producer_goods.photo_words", POST): Operation(
        LIST, 303, lambda t: f"{t.at}/photos/{t.photos[1]}/words", _data(alt_zh="一筐苹果", alt_en="")
    ),
    ("producer_goods.photo_first", POST): Operation(LIST, 303, lambda t: f"{t.at}/photos/{t.photos[1]}/first"),
    ("producer_goods.photo_remove", POST): Operation(LIST, 303, lambda t: f"{t.at}/photos/{t.photos[2]}/remove"),
    ("producer_goods.window", POST): Operation(
        LIST, 303, lambda t: f"{t.at}/window", lambda t: {"data": {"opens_on": "", "closes_on": _day(t, 90)}}
    ),
    ("producer_goods.expected_add", POST): Operation(
        STOCK, 303, lambda t: f"{t.at}/expected", lambda t: {"data": {"expected_on": _day(t, 40), "quantity": "5"}}
    ),
    ("producer_goods.expected_confirm", POST): Operation(
        STOCK,
        303,
        lambda t: f"{t.at}/expected/{t.lots[0]}/confirm",
        lambda t: {"data": {"harvested_on": _day(t), "real_quantity": "8"}},
    ),
    ("producer_goods.expected_put_off", POST): Operation(
        STOCK, 303, lambda t: f"{t.at}/expected/{t.lots[1]}/put-off", lambda t: {"data": {"new_day": _day(t, 50)}}
    ),
    ("producer_prices.evidence", POST): Operation(LIST, 409, lambda t: f"{t.at}/price-evidence", _data(words="收据", link="")),
    ("api-prices.price_evidence", POST): Operation(
        LIST, 409, lambda t: f"{t.api_at}/price-evidence", lambda t: {"json": {"words": "收据"}}
    ),
    ("producer_certificates.certificates", GET): Operation(LIST, 200, lambda t: "/farm/listings/certificates/"),
    ("producer_certificates.certificate_submit", POST): Operation(
        LIST, 303, lambda t: "/farm/listings/certificates/", lambda t: {"data": t.paper("O-2")}
    ),
    ("producer_certificates.certificate_file", GET): Operation(
        LIST, 200, lambda t: f"/farm/listings/certificates/{t.certificate}/file"
    ),
    ("producer.after.start", GET): Operation(ANSWER, 200, lambda t: "/farm/after/"),
    ("producer.after.claim", GET): Operation(ANSWER, 200, _claim(0, "")),
    ("producer.after.accept", POST): Operation(ANSWER, 303, _claim(1, "accept")),
    ("producer.after.offer", POST): Operation(ANSWER, 303, _claim(2, "offer"), _data(amount="5.00", words="退一半")),
    ("producer.after.refuse", POST): Operation(ANSWER, 303, _claim(3, "refuse"), WHY),
    ("producer.after.ask_back", POST): Operation(ANSWER, 303, _claim(0, "ask-back"), WHY),
    ("producer.after.appeal_ruling", POST): Operation(ANSWER, 303, _claim(0, "appeal"), WHY),
    ("producer.after.arrived", POST): Operation(ANSWER, 303, _claim(0, "arrived")),
    ("producer.after.checked", POST): Operation(ANSWER, 303, _claim(0, "checked"), _data(sellable="true")),
    ("producer.after.question", POST): Operation(ANSWER, 303, _claim(0, "question"), WHY),
    ("producer.after.talk", GET): Operation(ANSWER, 200, lambda t: f"/farm/after/orders/{t.orders[0]}"),
    ("producer.after.message", POST): Operation(
        ANSWER, 303, lambda t: f"/farm/after/orders/{t.orders[0]}/messages", _data(words="您好")
    ),
    ("producer.after.reviews", GET): Operation(ANSWER, 200, lambda t: "/farm/after/reviews"),
    ("producer.after.reply", POST): Operation(
        ANSWER, 303, lambda t: f"/farm/after/reviews/{t.claims[0][2]}/reply", _data(words="谢谢")
    ),
    ("producer.money", GET): Operation(MONEY, 200, lambda t: "/farm/money"),
    ("producer_money.bank_account", GET): Operation(HOUSEHOLD, 200, lambda t: "/farm/money/bank-account"),
    ("producer_money.bank_account_change", POST): Operation(
        HOUSEHOLD,
        303,
        lambda t: "/farm/money/bank-account",
        _data(holder="王", bank="农行", number="6222021234567890123", number_again="6222021234567890123"),
    ),
    ("api-delivery.shipped", POST): Operation(
        SHIP, 200, lambda t: f"{API}/farm/orders/{t.orders[1]}/shipped", _json(carrier=None, number=None)
    ),
    ("api-delivery.shipment_news", POST): Operation(
        SHIP,
        200,
        lambda t: f"{API}/shipments/{t.shipments[1]}/events",
        lambda t: {"json": {"kind": "delivered", "at": t.now.isoformat()}},
    ),
    ("api-selling.weigh", POST): Operation(
        SHIP,
        200,
        lambda t: f"{API}/farm/orders/{t.weighed[1][0]}/weights",
        lambda t: {"json": {"weights": [{"weighing": t.weighed[1][1], "grams": 1400}]}},
    ),
    ("api-selling.pricing", GET): Operation(EITHER, 200, lambda t: f"{t.api_at}/pricing"),
    ("api-selling.set_pricing", PUT): Operation(LIST, 200, lambda t: f"{t.api_at}/pricing", _json(price_fen=800)),
    ("api-selling.farm_listings", GET): Operation(EITHER, 200, lambda t: f"{API}/farm/listings"),
    ("api-selling.farm_listing", GET): Operation(EITHER, 200, lambda t: t.api_at),
    ("api-selling.new_listing", POST): Operation(GOODS, 201, lambda t: f"{API}/farm/listings", _new_by_program),
    ("api-selling.change_words", PATCH): Operation(LIST, 200, lambda t: t.api_at, _json(title_zh="脆苹果")),
    ("api-selling.bring_in", POST): Operation(
        STOCK, 200, lambda t: f"{t.api_at}/harvests", lambda t: {"json": {"harvested_on": _day(t), "quantity": "5"}}
    ),
    ("api-selling.take_from_sale", POST): Operation(LIST, 200, lambda t: f"{t.api_hidden}/withdraw"),
    ("api-selling.put_on_sale", POST): Operation(LIST, 200, lambda t: f"{t.api_hidden}/publish"),
    ("api-selling.import_table", POST): Operation(
        GOODS, 200, lambda t: f"{API}/farm/imports", lambda t: {"json": {"table": _table(t), "dry_run": False}}
    ),
    ("api-selling.farm_orders", GET): Operation(SHIP, 200, lambda t: f"{API}/farm/orders"),
    ("api-goods.add_photo", POST): Operation(
        LIST, 201, lambda t: f"{t.api_at}/photos", lambda t: {"data": {"photo": sent(12)}}
    ),
    ("api-goods.delete_photo", DELETE): Operation(LIST, 204, lambda t: f"{t.api_at}/photos/{t.photos[3]}"),
    ("api-goods.change_window", PATCH): Operation(
        LIST, 200, lambda t: f"{t.api_at}/window", lambda t: {"json": {"opens_on": None, "closes_on": _day(t, 80)}}
    ),
    ("api-goods.add_expected_harvest", POST): Operation(
        STOCK,
        201,
        lambda t: f"{t.api_at}/harvests-to-come",
        lambda t: {"json": {"expected_on": _day(t, 41), "quantity": "5"}},
    ),
    ("api-goods.confirm_harvest", POST): Operation(
        STOCK,
        200,
        lambda t: f"{API}/farm/lots/{t.lots[2]}/harvest",
        lambda t: {"json": {"harvested_on": _day(t), "quantity": "8"}},
    ),
    ("producer.came_back.waiting", GET): Operation(STOCK, 200, lambda t: "/farm/came-back/"),
    ("producer.came_back.looked_at", POST): Operation(
        STOCK, 303, lambda t: f"/farm/came-back/{t.came_back[0]}", lambda t: {"data": {"sound-1": "1"}}
    ),
    ("api-returned.came_back", GET): Operation(STOCK, 200, lambda t: f"{API}/farm/came-back"),
    ("api-returned.looked_at", POST): Operation(
        STOCK,
        200,
        lambda t: f"{API}/farm/orders/{t.came_back[1]}/came-back",
        lambda t: {"json": {"lines": [{"line": 1, "sound": "1"}]}},
    ),
    ("api-goods.change_expected_day", PATCH): Operation(
        STOCK, 200, lambda t: f"{API}/farm/lots/{t.lots[3]}", lambda t: {"json": {"expected_on": _day(t, 51)}}
    ),
    ("api-goods.certificates", GET): Operation(LIST, 200, lambda t: f"{API}/farm/certificates"),
    ("api-goods.submit", POST): Operation(LIST, 201, lambda t: f"{API}/farm/certificates", lambda t: {"data": t.paper("O-3")}),
    ("api-after.claims_on_goods", GET): Operation(ANSWER, 200, lambda t: API_CLAIMS),
    ("api-after.claim", GET): Operation(ANSWER, 200, _claim(0, "", f"{API}/claims")),
    ("api-after.claim_picture", GET): Operation(
        ANSWER, 200, lambda t: f"{API}/claims/{t.claims[0][0]}/pictures/{t.claim_picture()}"
    ),
    ("api-after.claim_appeal", POST): Operation(ANSWER, 409, _claim(0, "appeal", f"{API}/claims"), API_WHY),
    ("api-after.claim_accept", POST): Operation(ANSWER, 200, _claim(4, "accept", API_CLAIMS)),
    ("api-after.claim_offer", POST): Operation(
        ANSWER, 200, _claim(5, "offer", API_CLAIMS), _json(amount_fen=500, words="退一半")
    ),
    ("api-after.claim_refuse", POST): Operation(ANSWER, 200, _claim(6, "refuse", API_CLAIMS), API_WHY),
    ("api-after.claim_ask_back", POST): Operation(ANSWER, 409, _claim(0, "ask-back", API_CLAIMS), API_WHY),
    ("api-after.claim_arrived", POST): Operation(ANSWER, 409, _claim(0, "arrived", API_CLAIMS)),
    ("api-after.claim_checked", POST): Operation(ANSWER, 409, _claim(0, "checked", API_CLAIMS), _json(sellable=True)),
    ("api-after.claim_question", POST): Operation(ANSWER, 409, _claim(0, "question", API_CLAIMS), API_WHY),
    ("api-after.messages_of_sale", GET): Operation(ANSWER, 200, lambda t: f"{API}/farm/orders/{t.orders[0]}/messages"),
    ("api-after.message_answer", POST): Operation(ANSWER, 201, lambda t: f"{API}/farm/orders/{t.orders[0]}/messages", API_WHY),
    ("api-reviews.review_reply", POST): Operation(ANSWER, 200, lambda t: f"{API}/farm/reviews/{t.claims[1][2]}/reply", API_WHY),
    ("producer.more.listed", GET): Operation((*ANSWER, {Scope.LIST}, {Scope.SHIP}), 200, lambda t: "/farm/more"),
    ("producer_parts.parts", GET): Operation(ANSWER, 200, lambda t: "/farm/parts/"),
    ("producer_parts.accept", POST): Operation(ANSWER, 303, lambda t: f"/farm/parts/{t.plans.parts[0]}/yes"),
    ("producer_parts.decline", POST): Operation(ANSWER, 303, lambda t: f"/farm/parts/{t.plans.parts[1]}/no"),
    ("api-plans.parts_asked", GET): Operation(ANSWER, 200, lambda t: f"{API}/farm/parts"),
    ("api-plans.part_answer", POST): Operation(
        ANSWER, 200, lambda t: f"{API}/farm/parts/{t.plans.parts[2]}/answer", lambda t: {"json": {"accept": True}}
    ),
    ("producer_supplies.supplies", GET): Operation(STOCK, 200, lambda t: "/farm/parts/supplies/"),
    ("producer_supplies.declare", POST): Operation(
        STOCK,
        303,
        lambda t: "/farm/parts/supplies/",
        lambda t: {
            "data": {"listing": t.listing.public_id, "week": t.plans.week.isoformat(), "kg": "40", "price": "2.10"},
        },
    ),
    ("producer_supplies.noted", POST): Operation(
        STOCK,
        303,
        lambda t: f"/farm/parts/supplies/{t.plans.supplies[0]}/yield",
        lambda t: {"data": {"week": t.plans.week.isoformat(), "kg": "100"}},
    ),
    ("producer_supplies.withdraw", POST): Operation(
        STOCK, 303, lambda t: f"/farm/parts/supplies/{t.plans.supplies[1]}/withdraw"
    ),
    ("api-plans.supplies", GET): Operation(STOCK, 200, lambda t: f"{API}/farm/supplies"),
    ("api-plans.supply_declare", POST): Operation(
        STOCK,
        201,
        lambda t: f"{API}/farm/supplies",
        lambda t: {"json": t.plans.harvest(t.listing, Grade.SECOND)},
    ),
    ("api-plans.supply_yield", POST): Operation(
        STOCK,
        200,
        lambda t: f"{API}/farm/supplies/{t.plans.supplies[0]}/yield",
        lambda t: {"json": {"week_on": t.plans.week.isoformat(), "harvest_g": 90_000}},
    ),
    ("api-plans.supply_withdraw", POST): Operation(
        STOCK, 200, lambda t: f"{API}/farm/supplies/{t.plans.supplies[2]}/withdrawal"
    ),
    ("api-payouts.money", GET): Operation(MONEY, 200, lambda t: f"{API}/farm/money"),
    ("api-payouts.bank_account", POST): Operation(
        HOUSEHOLD,
        200,
        lambda t: f"{API}/farm/money/bank-account",
        _json(holder="王", bank="农行", number="6222021234567890123"),
    ),
    # Of these the farm has none: who may ask is told so, and who may not is refused first.
    ("api-payouts.slip", GET): Operation(MONEY, 404, lambda t: f"{API}/farm/money/payouts/{NONE}/slip"),
    ("producer_money.slip", GET): Operation(MONEY, 404, lambda t: f"/farm/money/payouts/{NONE}/slip"),
    ("api-sourcing.requests", GET): Operation(LIST, 200, lambda t: f"{API}/farm/requests"),
    ("api-sourcing.offer", POST): Operation(
        LIST, 404, lambda t: f"{API}/farm/requests/{NONE}/quote", lambda t: {"json": _offer(t)}
    ),
    ("api-sourcing.seal_bid", POST): Operation(
        LIST, 404, lambda t: f"{API}/farm/requests/{NONE}/bid", lambda t: {"json": _offer(t)}
    ),
    ("api-sourcing.take_bid_back", DELETE): Operation(LIST, 404, lambda t: f"{API}/farm/requests/{NONE}/bid"),
    ("api-sourcing.take_quote_back", DELETE): Operation(LIST, 404, lambda t: f"{API}/farm/quotes/{NONE}"),
    ("api-sourcing.answer_counter", POST): Operation(
        LIST, 404, lambda t: f"{API}/farm/quotes/{NONE}/answer", _json(words="好")
    ),
    ("api-sourcing.agree", POST): Operation(SHIP, 404, lambda t: f"{API}/farm/parts/{NONE}/agree"),
    ("api-sourcing.question", POST): Operation(
        SHIP, 404, lambda t: f"{API}/farm/parts/{NONE}/question", _json(words="少了一筐")
    ),
    ("producer_requests.listed", GET): Operation(({Scope.LIST}, {Scope.SHIP}), 200, lambda t: "/farm/requests/"),
    ("producer_requests.answer", POST): Operation(
        LIST,
        404,
        lambda t: f"/farm/requests/{NONE}",
        lambda t: {"data": {"listing": t.listing.public_id, "kg": "10", "price": "3.00"}},
    ),
    ("producer_requests.answer_counter", POST): Operation(LIST, 404, lambda t: f"/farm/requests/quotes/{NONE}/answer"),
    ("producer_requests.take_back", POST): Operation(LIST, 404, lambda t: f"/farm/requests/quotes/{NONE}/take-back"),
    ("producer_requests.take_bid_back", POST): Operation(LIST, 404, lambda t: f"/farm/requests/{NONE}/take-back"),
    ("producer_requests.agree", POST): Operation(SHIP, 404, lambda t: f"/farm/requests/parts/{NONE}/agree"),
    ("producer_requests.question", POST): Operation(
        SHIP, 404, lambda t: f"/farm/requests/parts/{NONE}/question", _data(words="少了一筐")
    ),
    ("producer_price_lists.lists", GET): Operation(LIST, 200, lambda t: "/farm/price-lists/"),
    ("producer_price_lists.make", POST): Operation(
        LIST,
        303,
        lambda t: "/farm/price-lists/",
        lambda t: {
            "data": {
                "name": "价目",
                "valid_from": t.day.isoformat(),
                "valid_to": t.day.isoformat(),
                "goods": t.listing.product.slug,
                "price": "3.00",
            }
        },
    ),
    ("producer_price_lists.end", POST): Operation(LIST, 404, lambda t: f"/farm/price-lists/{NONE}/end"),
    ("api-price-lists.farm_price_lists", GET): Operation(LIST, 200, lambda t: f"{API}/farm/price-lists"),
    ("api-price-lists.make_farm_price_list", POST): Operation(
        LIST,
        201,
        lambda t: f"{API}/farm/price-lists",
        lambda t: {
            "json": {
                "name": "价目",
                "valid_from": t.day.isoformat(),
                "valid_to": t.day.isoformat(),
                "prices": [{"product": t.listing.product.slug, "fen_kg": 300}],
            }
        },
    ),
    ("api-price-lists.end_farm_price_list", DELETE): Operation(LIST, 404, lambda t: f"{API}/farm/price-lists/{NONE}"),
    # A household shares no harvest of its own, and reads by itself what it brought to others.
    ("producer_pooling.pooling", GET): Operation(STOCK, 404, lambda t: "/farm/pooling"),
    ("producer_pooling.pool", POST): Operation(STOCK, 404, lambda t: "/farm/pooling"),
    ("producer_pooling.brought", GET): Operation(HOUSEHOLD, 200, lambda t: "/farm/brought"),
    ("api-pooling.shared_lots", GET): Operation(STOCK, 404, lambda t: f"{API}/farm/pooling"),
    ("api-pooling.split", POST): Operation(
        STOCK,
        404,
        lambda t: f"{API}/farm/pooling/split",
        lambda t: {
            "json": {
                "listing": t.listing.public_id,
                "quantity": "1",
                "brought": [{"code": "5226361000010001", "grams": 1_500}],
            }
        },
    ),
    ("api-pooling.own_parts", GET): Operation(HOUSEHOLD, 200, lambda t: f"{API}/farm/brought"),
    ("producer_harvest.harvest", GET): Operation(STOCK, 200, lambda t: "/farm/harvest"),
    ("producer_harvest.declare", POST): Operation(
        STOCK, 303, lambda t: "/farm/harvest", lambda t: {"data": {"product": "apple", "season": str(t.day.year), "kg": "200"}}
    ),
    ("producer_harvest.boxes", GET): Operation(SHIP, 200, lambda t: f"/farm/orders/{t.orders[1]}/boxes"),
    ("producer_harvest.labels", GET): Operation(SHIP, 404, lambda t: f"/farm/orders/{NONE}/labels/a4"),
    ("producer_harvest.pack", POST): Operation(SHIP, 404, lambda t: f"/farm/orders/{NONE}/boxes", _data(line="1", boxes="1")),
    ("api-traceability.pack_boxes", PUT): Operation(
        SHIP, 404, lambda t: f"{API}/farm/orders/{NONE}/boxes", _json(line=1, box_grams=[1_000])
    ),
    ("api-traceability.farm_yields", GET): Operation(STOCK, 200, lambda t: f"{API}/farm/yields"),
    ("api-traceability.declare_own_yield", POST): Operation(
        STOCK,
        201,
        lambda t: f"{API}/farm/yields",
        lambda t: {"json": {"product": "apple", "season": t.day.year, "harvest_g": 200_000}},
    ),
}
# These pages show one's own farm, whomever one acts for: who holds a mandate cannot hand it on.
OF_MANDATES = (
    *("producer.mandates.", "producer.household.", "producer.shares."),
    *(
        "producer_badge.",
        "producer_file.",
        "api-badge.",
        "producer.benefits.",
        "producer.projects.",
        "producer.help.",
        "producer_advice.",
    ),
    *("producer_sharing.", "api-sharing.", "producer.projects."),
)


def listing_of(things: Things) -> Listing:
    """The farm's listing as it stands."""
    return db.session.scalars(select(Listing).filter_by(id=things.listing.id)).one()
