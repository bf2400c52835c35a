"""The demo is the real year in the shop's own tables, and everything the shop promises holds over it."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.conftest import Demo


@pytest.fixture(scope="module")
def ask(demo: Demo) -> Iterator[Any]:
    """Asks the demo's database for one row."""
    with psycopg.connect(demo.environ["DATABASE_URL"].replace("+psycopg", "")) as connection:
        yield lambda query: connection.execute(query).fetchone()


def test_every_purchase_of_the_year_is_there(ask: Any) -> None:
    # What kitchens buy by contract comes beside them, and without a basket too.
    of_the_year = "basket_id IS NULL AND payment_method <> 'after_acceptance'"
    assert ask(
        'SELECT count(*) FROM order_line JOIN "order" ON "order".id = order_id'
        f" JOIN order_group ON order_group.id = group_id WHERE {of_the_year}"
    ) == (146_835,)
    assert ask(f"SELECT count(*) FROM order_group WHERE {of_the_year}") == (50_694,)
    assert ask("SELECT count(DISTINCT account_id) FROM event WHERE kind = 'purchase'") == (2_350,)
    assert ask("SELECT count(*) FROM listing WHERE weight_unit IS NULL AND state = 'on_sale'") == (2_300,)


def test_the_ledger_balances_and_the_audit_chain_is_whole(demo: Demo) -> None:
    said = demo.command("verify")
    assert "every transfer sums to zero" in said
    assert "0.00  all together" in demo.command("ledger", "balances")
    assert "audit trail and heads are whole" in said


def test_what_waits_in_clearing_is_paid_and_not_yet_settled(ask: Any) -> None:
    (clearing,) = ask(
        "SELECT sum(amount_fen) FROM entry JOIN ledger_account ON ledger_account.id = account_id WHERE code = 'clearing'"
    )
    (unsettled,) = ask(
        'SELECT sum("order".total_fen - refunded_fen) FROM "order" JOIN order_group ON order_group.id = group_id'
        " WHERE paid_at IS NOT NULL AND settled_at IS NULL"
    )
    assert clearing == unsettled
    assert clearing > 0


def test_movements_add_up_to_the_stock_of_every_listing_and_lot(ask: Any) -> None:
    assert ask(
        "SELECT count(*) FROM listing WHERE available <> (SELECT coalesce(sum(quantity), 0) FROM stock_movement"
        " JOIN lot ON lot.id = lot_id WHERE lot.listing_id = listing.id)"
    ) == (0,)
    assert ask(
        "SELECT count(*) FROM lot WHERE on_hand <>"
        " (SELECT coalesce(sum(quantity), 0) FROM stock_movement WHERE lot_id = lot.id)"
    ) == (0,)


def test_lines_sum_to_orders_and_orders_to_purchases(ask: Any) -> None:
    assert ask(
        'SELECT count(*) FROM "order" WHERE goods_fen <> (SELECT sum(total_fen) FROM order_line WHERE order_id = "order".id)'
        " + (SELECT coalesce(sum((data ->> 'less_fen')::bigint), 0) FROM audit_event"
        " WHERE verb = 'order.weighed' AND object_id = \"order\".public_id)"
    ) == (0,)
    assert ask(
        "SELECT count(*) FROM order_group WHERE total_fen <>"
        # What weighed less before it was paid is not asked for; only what was paid is given back.
        " (SELECT sum(total_fen) - coalesce(sum(refunded_fen) FILTER (WHERE NOT EXISTS"
        ' (SELECT FROM refund WHERE purpose_id = "order".public_id)), 0) FROM "order" WHERE group_id = order_group.id)'
    ) == (0,)


def test_about_three_in_ten_sellers_are_registered_and_hold_the_less_popular_goods(ask: Any) -> None:
    (sellers,) = ask("SELECT count(*) FROM producer")
    (registered,) = ask(
        "SELECT count(DISTINCT producer.id) FROM producer JOIN household_status USING (household_id) WHERE days @> current_date"
    )
    assert sellers == 600
    assert 0.27 <= registered / sellers <= 0.33
    (share_of_listings,) = ask("SELECT avg((benefit_bp = 10000)::int)::float FROM listing")
    (share_of_sales,) = ask("SELECT sum(benefit_fen)::float / sum(total_fen) FROM order_line WHERE benefit_bp IN (0, 10000)")
    assert share_of_sales < share_of_listings / 2


def test_lines_of_one_lot_keep_the_share_of_their_own_day(ask: Any) -> None:
    (changed,) = ask(
        "SELECT count(*) FROM (SELECT listing_id FROM order_line GROUP BY listing_id"
        " HAVING count(DISTINCT benefit_bp) > 1) mixed"
    )
    assert changed > 0


def test_loading_again_changes_nothing(demo: Demo, ask: Any) -> None:
    before = ask("SELECT count(*), max(id) FROM audit_event")
    assert demo.command("demo", "load") == ""
    assert ask("SELECT count(*), max(id) FROM audit_event") == before


def test_some_listings_have_steps_or_a_least_quantity_and_some_orders_are_weighed(ask: Any) -> None:
    (stepped,) = ask("SELECT count(DISTINCT listing_id) FROM price_tier")
    (least,) = ask("SELECT count(*) FROM listing WHERE minimum_quantity = 2")
    assert stepped > 100
    assert least > 5
    assert ask("SELECT count(*) FROM listing WHERE weight_unit IS NOT NULL") == (2,)
    states = (
        'SELECT array_agg(DISTINCT "order".state ORDER BY "order".state), count(*), count(grams) FROM order_line_weighing'
        ' JOIN order_line line ON line.id = line_id JOIN "order" ON "order".id = line.order_id'
        # What other tests have bought since is not of the demo.
        " JOIN order_group ON order_group.id = group_id"
        " WHERE placed_at <= (SELECT at FROM audit_event WHERE verb = 'demo.loaded')"
    )
    assert ask(states) == (["accepted", "cancelled", "placed", "shipped"], 12, 6)
