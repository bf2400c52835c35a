"""The tree of lots loses no gram, and a recall finds exactly what lies below and above, blocks it, and pays buyers back."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.catalogue.lot_tree import grams_of, households_of, lots_above, lots_below, note_loss, pool_lots
from marketplace.catalogue.models import Listing, Lot, LotBlock, LotContribution, LotLoss, Pooling, Unit
from marketplace.catalogue.service import return_stock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from marketplace.orders.boxes import boxes_of, grams_to_send, pack_line
from marketplace.orders.models import Box, Order, OrderLine, Recall, RecallLine
from marketplace.orders.recall_states import RECALLS, RecallAction, RecallReply, RecallState
from marketplace.orders.recalls import (
    answer_recall,
    close_recall,
    reach_of,
    root_of,
    start_recall,
    tell_buyers,
    withdraw_recall,
)
from marketplace.orders.service import lock_order, ship_order
from tests import factories
from tests.aftersale.sale import Sale
from tests.factories import NOW, TODAY
from tests.stock import stock_of

GRAMS = "pooling_grams, lot_loss_grams, lot_contribution_grams, box_grams"
LATER = NOW + timedelta(days=400)


def constraints_hold() -> None:
    """Have the database check now what it checks at each commit."""
    db.session.execute(text(f"SET CONSTRAINTS {GRAMS} IMMEDIATE"))
    db.session.execute(text(f"SET CONSTRAINTS {GRAMS} DEFERRED"))


def apples(seller: object = None) -> Listing:
    return factories.listing(seller, unit=Unit.KG, unit_grams=1000, stock=0)  # type: ignore[arg-type]


class Grove:
    """A random tree: harvests of some households, lots pooled from random parts of older ones, and orders of all of them."""

    def __init__(self, data: st.DataObject) -> None:
        self.listing = apples()
        self.households = [factories.household() for _ in range(data.draw(st.integers(1, 4), "households"))]
        self.brought: dict[int, set[int]] = {}
        self.went: dict[int, set[int]] = defaultdict(set)
        self.lines: dict[int, int] = {}
        for _ in range(data.draw(st.integers(1, 4), "harvests")):
            members = data.draw(st.lists(st.sampled_from(self.households), min_size=1, unique=True), "members")
            grams = {household.id: data.draw(st.integers(1, 9)) * 10_000 for household in members}
            lot = factories.lot(self.listing, Decimal(sum(grams.values())) / 1000, contributions=grams)
            self.brought[lot.id] = set(grams)
        for _ in range(data.draw(st.integers(0, 5), "pools")):
            self.pool(data)
        order = Order(public_id=f"o{self.listing.id}", producer_id=self.listing.producer_id, total_fen=1, producer_fen=1)
        order.group_id = sale_group()
        db.session.add(order)
        db.session.flush()
        for lot in self.lots():
            for _ in range(data.draw(st.integers(0, 2), "lines")):
                self.order(lot, order)

    def lots(self) -> list[Lot]:
        return list(db.session.scalars(select(Lot).filter_by(listing_id=self.listing.id).order_by(Lot.id)))

    def pool(self, data: st.DataObject) -> None:
        """Some kilograms of some lots, less some grams lost so that whole kilograms are left."""
        stocked = [lot for lot in self.lots() if lot.on_hand >= 2]
        if not stocked:
            return
        sources = data.draw(st.lists(st.sampled_from(stocked), min_size=1, unique=True), "sources")
        parts = {lot.public_id: Decimal(data.draw(st.integers(1, int(lot.on_hand)))) for lot in sources}
        whole = sum(parts.values())
        loss_kg = data.draw(st.integers(0, int(whole) - 1), "loss")
        made = pool_lots(self.listing, parts, loss_kg * 1000, actor="test", now=NOW)
        for lot in sources:
            self.went[lot.id].add(made.id)

    def order(self, lot: Lot, order: Order) -> None:
        line = OrderLine(
            order_id=order.id, listing_id=lot.listing_id, lot_id=lot.id, title_zh="a", title_en="a", producer_zh="a",
            producer_en="a", area_code=factories.VILLAGE, harvested_on=TODAY, unit="kg", unit_grams=1000, quantity=Decimal(1),
            price_fen=1, total_fen=1, benefit_bp=0, benefit_fen=0, registry_revision=0,
        )  # fmt: skip
        db.session.add(line)
        db.session.flush()
        self.lines[line.id] = lot.id

    def paths(self, top: int, bottom: int) -> int:
        """In how many ways one comes down from a lot to another, counted by walking every one of them."""
        return 1 if top == bottom else sum(self.paths(step, bottom) for step in self.went[top])


def sale_group() -> int:
    return int(
        db.session.execute(
            text(
                "INSERT INTO order_group (public_id, reference, account_id, payment_method, total_fen, recipient, phone,"
                " address, placed_at) VALUES (left(md5(random()::text), 14), left(md5(random()::text), 14), :account,"
                " 'bank_transfer', 1, 'a', '1', 'a', now()) RETURNING id"
            ),
            {"account": factories.account().id},
        ).scalar_one()
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_recall_of_any_lot_of_any_tree_finds_the_lines_and_households_that_a_count_of_paths_finds(
    session: Session, data: st.DataObject
) -> None:
    with transaction():
        grove = Grove(data)
        constraints_hold()
    lots = {lot.id: lot for lot in grove.lots()}
    for lot in lots.values():
        found = reach_of(lot)
        below = {other for other in lots if grove.paths(lot.id, other)}
        assert found.lot_ids == below == lots_below([lot.id])
        assert {line.id for line in found.lines} == {line for line, of in grove.lines.items() if grove.paths(lot.id, of)}
        above = {other for other in lots if grove.paths(other, lot.id)}
        assert above == lots_above([lot.id])
        # A source of which a few grams went in may have given none of one member's; never another's.
        assert set(found.households) <= {one for other in above for one in grove.brought.get(other, ())}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_gram_appears_or_vanishes_in_any_tree(session: Session, data: st.DataObject) -> None:
    with transaction():
        grove = Grove(data)
        constraints_hold()
    lots = grove.lots()
    grams = grams_of([lot.id for lot in lots])
    for lot in lots:
        assert grams[lot.id].rest == lot.on_hand * 1000
    brought = sum(grams[lot_id].came for lot_id in grove.brought)
    lost = db.session.scalar(
        select(text("coalesce(sum(loss_grams), 0)")).select_from(Pooling).where(Pooling.from_lot_id.in_([x.id for x in lots]))
    )
    assert brought == sum(lot.on_hand for lot in lots) * 1000 + lost
    assert stock_of(grove.listing.id) == grove.listing.available == sum(lot.on_hand for lot in lots)


@pytest.fixture
def harvest(session: Session) -> Lot:
    """Ten kilograms of one household."""
    lot = factories.lot(apples(), Decimal(10))
    db.session.commit()
    return lot


def refused(code: str) -> "pytest.RaisesExc[IntegrityError]":
    return pytest.raises(IntegrityError, match=code)


def test_the_database_refuses_a_lot_that_gives_more_than_it_got(harvest: Lot) -> None:
    with refused("more grams than came to it"), transaction():
        db.session.add(LotLoss(lot_id=harvest.id, grams=10_001, why="?", at=NOW))
        db.session.flush()
        constraints_hold()
    assert grams_of([harvest.id])[harvest.id].lost == 0


def test_the_database_refuses_a_pooled_lot_that_is_not_its_sources(harvest: Lot) -> None:
    with refused("is not what its sources gave"), transaction():
        made = factories.lot(db.session.get_one(Listing, harvest.listing_id), Decimal(5))
        db.session.add(Pooling(into_lot_id=made.id, from_lot_id=harvest.id, grams=5_001, loss_grams=0, at=NOW))
        db.session.flush()
        constraints_hold()


def test_the_database_refuses_that_a_contribution_shrinks_below_what_was_given(harvest: Lot) -> None:
    with transaction():
        note_loss(harvest.public_id, seller_of(harvest), Decimal(4), "雨水泡烂", actor="farmer", now=NOW)
    with refused("more grams than came to it"), transaction():
        db.session.scalars(select(LotContribution).filter_by(lot_id=harvest.id)).one().grams = 3_999
        db.session.flush()
        constraints_hold()


def test_a_pooled_lot_cannot_be_its_own_source(harvest: Lot) -> None:
    with refused("ck_pooling_from_older"), transaction():
        db.session.add(Pooling(into_lot_id=harvest.id, from_lot_id=harvest.id, grams=1, loss_grams=0, at=NOW))
        db.session.flush()


def seller_of(lot: Lot) -> int:
    return db.session.get_one(Listing, lot.listing_id).producer_id


def test_a_stated_loss_leaves_stock_and_tree_in_step(harvest: Lot) -> None:
    listing = db.session.get_one(Listing, harvest.listing_id)
    with transaction():
        note_loss(harvest.public_id, listing.producer_id, Decimal(4), "雨水泡烂", actor="farmer", now=NOW)
    assert (harvest.on_hand, listing.available, stock_of(listing.id)) == (6, 6, 6)
    assert grams_of([harvest.id])[harvest.id].rest == 6_000
    for quantity, why, code in ((Decimal(7), "烂了", "lot_too_small"), (Decimal(1), " ", "loss_words")):
        with pytest.raises(DomainError) as error, transaction():
            note_loss(harvest.public_id, listing.producer_id, quantity, why, actor="farmer", now=NOW)
        assert error.value.code == code
    assert harvest.on_hand == 6


def test_pooling_refuses_others_lots_other_goods_and_more_than_there_is(harvest: Lot) -> None:
    listing = db.session.get_one(Listing, harvest.listing_id)
    pears = factories.listing(listing.producer, factories.product("pear", "梨", "Pear"), unit=Unit.KG, unit_grams=1000, stock=0)
    neighbour = apples()
    db.session.commit()
    for into, kg, loss_g, code in (
        (neighbour, 1, 0, "lot_unknown"),
        (pears, 1, 0, "pool_other_goods"),
        (listing, 11, 0, "lot_too_small"),
        (listing, 2, 2_000, "loss_invalid"),
        (listing, 2, 50, "quantity_step"),
    ):
        with pytest.raises(DomainError) as error, transaction():
            pool_lots(into, {harvest.public_id: Decimal(kg)}, loss_g, actor="farmer", now=NOW)
        assert error.value.code == code
    assert harvest.on_hand == 10


def test_a_small_part_of_a_pooled_lot_keeps_its_households_in_proportion(session: Session) -> None:
    listing, (first, second) = apples(), [factories.household() for _ in range(2)]
    lot = factories.lot(listing, Decimal(4), contributions={first.id: 3_000, second.id: 1_000})
    db.session.commit()
    with transaction():
        made = pool_lots(listing, {lot.public_id: Decimal(2)}, 1_000, actor="test", now=NOW)
        constraints_hold()
    assert households_of([made.id]) == {first.id: 750, second.id: 250}
    assert made.on_hand == 1


@pytest.fixture
def sale(session: Session) -> Sale:
    """Two boxes of apples of 1.5 kg and five jin of greens, sent and received."""
    return Sale()


def test_every_gram_that_left_is_in_a_box(sale: Sale) -> None:
    order = db.session.scalars(select(Order).filter_by(public_id=sale.order_id)).one()
    packed = boxes_of(order)
    assert [[box.grams for box in packed[line.id]] for line in order.lines] == [[3000], [2500]]
    constraints_hold()
    with pytest.raises(Conflict) as error, transaction():
        pack_line(lock_order(sale.order_id)[0], 1, [3000], actor="farmer", now=NOW)
    assert error.value.code == "left_already"


def test_a_line_is_packed_into_boxes_with_a_stated_loss_and_packed_again(session: Session) -> None:
    sale = Sale(sent=False, received=False)
    with transaction():
        pack_line(lock_order(sale.order_id)[0], 1, [1500, 1500], actor="farmer", now=NOW)
    with transaction():
        pack_line(lock_order(sale.order_id)[0], 1, [2000, 900], loss_grams=100, actor="farmer", now=NOW)
    for grams, loss, code in (([3000], 1, "boxes_differ"), ([], 0, "boxes_invalid"), ([0, 3000], 0, "boxes_invalid")):
        with pytest.raises(Invalid) as error, transaction():
            pack_line(lock_order(sale.order_id)[0], 1, grams, loss_grams=loss, actor="farmer", now=NOW)
        assert error.value.code == code
    with transaction():
        ship_order(sale.order_id, sale.producer.id, actor="farmer", now=NOW)
        constraints_hold()
    order = db.session.scalars(select(Order).filter_by(public_id=sale.order_id)).one()
    boxes = boxes_of(order)[order.lines[0].id]
    assert [(box.number, box.grams, box.loss_grams) for box in boxes] == [(3, 2000, 100), (4, 900, 0)]
    assert sum(box.grams + box.loss_grams for box in boxes) == grams_to_send(order.lines[0])


def test_the_database_refuses_boxes_that_hold_more_than_their_line(sale: Sale) -> None:
    line_id = db.session.scalars(select(Box.line_id)).first()
    with refused("more grams than the line"), transaction():
        db.session.add(Box(line_id=line_id, number=9, grams=1, packed_at=NOW))
        db.session.flush()
        constraints_hold()


def started(sale: Sale, code: str | None = None) -> str:
    code = code or db.session.scalars(select(Lot.public_id).filter_by(listing_id=sale.apples.id).order_by(Lot.id)).first()
    assert code is not None
    with transaction():
        return start_recall(code, "农药超标", "请不要食用，拍照后扔掉", sale.first_operator, now=LATER).public_id


def told(sale: Sale, code: str | None = None) -> str:
    public_id = started(sale, code)
    with transaction():
        tell_buyers(public_id, sale.second_operator, now=LATER)
    return public_id


def test_a_recall_blocks_stock_at_once_and_tells_nobody_before_a_second_person_agrees(sale: Sale) -> None:
    public_id = started(sale)
    assert sale.apples.available == 0 == stock_of(sale.apples.id)
    assert db.session.scalars(select(LotBlock.quantity)).all() == [8]
    assert db.session.scalars(select(RecallLine)).all() == []
    with pytest.raises(Forbidden), transaction():
        tell_buyers(public_id, sale.first_operator, now=LATER)
    assert db.session.scalars(select(RecallLine)).all() == []
    with transaction():
        tell_buyers(public_id, sale.second_operator, now=LATER)
        tell_buyers(public_id, sale.second_operator, now=LATER)
    assert len(db.session.scalars(select(RecallLine)).all()) == 1


def test_the_same_goods_are_called_back_once_at_a_time(sale: Sale) -> None:
    started(sale)
    with pytest.raises(Conflict) as error:
        started(sale)
    assert error.value.code == "recall_open"
    assert len(db.session.scalars(select(Recall)).all()) == 1


def test_a_recall_that_was_for_nothing_gives_back_every_box_of_stock(sale: Sale) -> None:
    public_id = started(sale)
    with pytest.raises(Forbidden), transaction():
        withdraw_recall(public_id, sale.first_operator, now=LATER)
    with transaction():
        withdraw_recall(public_id, sale.second_operator, now=LATER)
    assert sale.apples.available == 8 == stock_of(sale.apples.id)


def test_what_comes_back_to_a_blocked_lot_is_not_on_sale(sale: Sale) -> None:
    public_id = started(sale)
    lot = db.session.scalars(select(Lot).filter_by(listing_id=sale.apples.id)).one()
    with transaction():
        return_stock({lot.id: Decimal(1)}, "order", "test", now=LATER)
    assert (lot.on_hand, sale.apples.available) == (0, 0)
    with transaction():
        withdraw_recall(public_id, sale.second_operator, now=LATER)
    assert (lot.on_hand, sale.apples.available) == (9, 9)


def test_two_recalls_over_one_lot_let_it_go_only_together(session: Session) -> None:
    sale = Sale(sent=False, received=False)
    listing = sale.apples
    lot = db.session.scalars(select(Lot).filter_by(listing_id=listing.id)).one()
    with transaction():
        made = pool_lots(listing, {lot.public_id: Decimal(2)}, 0, actor="farmer", now=NOW)
    first, second = started(sale, made.public_id), started(sale, lot.public_id)
    assert listing.available == 0
    with transaction():
        withdraw_recall(first, sale.second_operator, now=LATER)
    assert listing.available == 0
    with transaction():
        withdraw_recall(second, sale.second_operator, now=LATER)
    assert (listing.available, stock_of(listing.id), made.on_hand) == (8, 8, 2)


def test_what_is_called_back_does_not_leave_the_farm(session: Session) -> None:
    sale = Sale(sent=False, received=False)
    started(sale)
    with pytest.raises(Conflict) as error, transaction():
        ship_order(sale.order_id, sale.producer.id, actor="farmer", now=LATER)
    assert error.value.code == "lot_blocked"
    assert db.session.scalars(select(Box)).all() == []


def test_a_buyer_answers_long_after_the_time_for_claims_and_is_paid_back_once(sale: Sale) -> None:
    told(sale)
    line = db.session.scalars(select(RecallLine)).one()
    buyer = sale.buyer_account
    for _ in range(2):
        with transaction():
            claim = answer_recall(line.public_id, buyer.id, buyer.public_id, RecallReply.USED, now=LATER)
    assert claim is not None
    assert (claim.state, claim.settled_fen, line.reply) == ("settled", 2500, "used")
    assert line.line.refunded_fen == 2500


def test_nobody_answers_for_anothers_goods(sale: Sale) -> None:
    told(sale)
    line, stranger = db.session.scalars(select(RecallLine)).one(), factories.account()
    db.session.commit()
    with pytest.raises(NotFound), transaction():
        answer_recall(line.public_id, stranger.id, stranger.public_id, RecallReply.KEPT, now=LATER)
    assert line.reply is None


def test_one_box_is_called_back_without_touching_the_stock(sale: Sale) -> None:
    box = db.session.scalars(select(Box).join(OrderLine).where(OrderLine.listing_id == sale.greens.id)).one()
    told(sale, box.public_id.upper())
    assert sale.greens.available == 15
    assert [row.line_id for row in db.session.scalars(select(RecallLine))] == [box.line_id]
    assert root_of(box.public_id)[1] is box
    with pytest.raises(NotFound):
        root_of("nothing")


def test_a_recall_ends_in_words_and_what_was_left_is_lost_for_good(sale: Sale) -> None:
    public_id = told(sale)
    lot = db.session.scalars(select(Lot).filter_by(listing_id=sale.apples.id)).one()
    with pytest.raises(Invalid), transaction():
        close_recall(public_id, " ", sale.first_operator, now=LATER)
    with transaction():
        close_recall(public_id, "剩余的八箱已销毁", sale.first_operator, now=LATER)
        close_recall(public_id, "再说一次", sale.first_operator, now=LATER)
        constraints_hold()
    assert db.session.scalars(select(LotLoss.grams)).all() == [12_000]
    with transaction():
        return_stock({lot.id: Decimal(1)}, "order", "test", now=LATER)
    assert lot.on_hand == 0


def test_a_recall_without_words_is_refused_and_blocks_nothing(sale: Sale) -> None:
    lot = db.session.scalars(select(Lot).filter_by(listing_id=sale.apples.id)).one()
    for reason, advice in (("", "扔掉"), ("超标", " "), ("x" * 401, "扔掉")):
        with pytest.raises(Invalid), transaction():
            start_recall(lot.public_id, reason, advice, sale.first_operator, now=LATER)
    assert sale.apples.available == 8


@pytest.mark.parametrize("state", list(RecallState))
@pytest.mark.parametrize("action", list(RecallAction))
def test_every_pair_of_state_and_action(state: RecallState, action: RecallAction) -> None:
    known = {
        (RecallState.STARTED, RecallAction.TELL): RecallState.TOLD,
        (RecallState.STARTED, RecallAction.WITHDRAW): RecallState.WITHDRAWN,
        (RecallState.TOLD, RecallAction.CLOSE): RecallState.CLOSED,
    }
    led_to = {action: state for (_, action), state in known.items()}
    if (state, action) in known:
        assert RECALLS.next_state(state, action) is known[state, action]
    elif led_to[action] is state:
        assert RECALLS.next_state(state, action) is None
    else:
        with pytest.raises(Conflict):
            RECALLS.next_state(state, action)
