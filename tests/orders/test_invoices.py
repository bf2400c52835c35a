"""An invoice has a number, says what was paid, and never changes; what goes back is a note of its own."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from marketplace.catalogue.models import ProducerKind
from marketplace.identity.models import Account
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.errors import Conflict, Invalid, NotFound
from marketplace.orders.invoicing import (
    InvoiceTo,
    canonical,
    check_tax_number,
    get_invoice,
    invoices_of,
    issue_invoice,
    last_invoice_to,
    tax_basis,
)
from marketplace.orders.models import Invoice, InvoiceCounter, Order, OrderGroup
from marketplace.orders.placing import Destination, place_order
from marketplace.orders.refunds import refund_order
from marketplace.orders.service import confirm_payment, lock_order
from marketplace.payments.models import PaymentMethod
from marketplace.payments.queries import get_payment_for
from tests import factories
from tests.own_database import own_database, race

NOW = factories.NOW
CANTEEN = InvoiceTo("丹寨县第一小学食堂", "91350100M000100Y43")


def bought(
    buyer: Account, *, paid: bool = True, kind: ProducerKind = ProducerKind.HOUSEHOLD, price_fen: int = 2500
) -> OrderGroup:
    """A purchase of two units from one seller."""
    listing = factories.listing(factories.producer(kind=kind), price_fen=price_fen)
    basket = factories.basket(buyer, (listing, 2))
    with transaction():
        group = place_order(
            buyer.id,
            buyer.public_id,
            basket.public_id,
            Destination("张三", "13800000000", "522636", "龙泉镇"),
            PaymentMethod.BANK_TRANSFER,
            2 * price_fen,
            now=NOW,
        )
        if paid:
            confirm_payment(get_payment_for("order_group", group.public_id, lock=True), actor="test", now=NOW)
    return group


def issued(order: Order, to: InvoiceTo = CANTEEN, *, now: datetime = NOW) -> Invoice:
    with transaction():
        found, group = lock_order(order.public_id)
        return issue_invoice(found, group, to, actor="test", now=now)


def test_an_invoice_says_what_was_paid_and_by_which_rule_there_is_no_tax(session: Session) -> None:
    buyer = factories.account()
    group = bought(buyer)
    invoice = issued(group.orders[0])
    assert (invoice.number, invoice.total_fen, invoice.title) == ("NQ-2026-000001", 5000, "丹寨县第一小学食堂")
    kept = invoice.snapshot
    assert (kept["tax_fen"], kept["other_fen"], kept["basis"]["code"]) == (0, 0, "own-produce-2026")
    assert [(line["quantity"], line["price_fen"], line["total_fen"]) for line in kept["lines"]] == [("2", 2500, 5000)]
    assert invoice.digest == hashlib.sha256(canonical(kept)).digest()
    assert last_invoice_to(buyer.id) == CANTEEN


def test_an_order_has_one_invoice_whatever_it_is_asked_to_say_the_second_time(session: Session) -> None:
    group = bought(factories.account())
    first = issued(group.orders[0])
    again = issued(group.orders[0], InvoiceTo("另一个"))
    assert (again.id, again.title) == (first.id, "丹寨县第一小学食堂")


def test_numbers_begin_anew_each_year_and_have_no_gap(session: Session) -> None:
    buyer = factories.account()
    orders = [bought(buyer).orders[0] for _ in range(4)]
    # The last evening of the year in the market is still the old year, though not in UTC's next hour.
    evening = datetime(2026, 12, 31, 15, 59, tzinfo=UTC)
    numbers = [issued(orders[0]).number, issued(orders[1], now=evening).number]
    with pytest.raises(Invalid):
        issued(orders[2], InvoiceTo(""))
    numbers += [issued(orders[2], now=evening + timedelta(minutes=1)).number, issued(orders[3]).number]
    assert numbers == ["NQ-2026-000001", "NQ-2026-000002", "NQ-2027-000001", "NQ-2026-000003"]


def test_what_goes_back_is_a_note_of_its_own_and_all_of_them_sum_to_what_was_kept(session: Session) -> None:
    group = bought(factories.account())
    order = group.orders[0]
    with transaction():
        refund_order(order.public_id, 100, expected_refunded_fen=0, actor="test", now=NOW)
    invoice = issued(order)
    with transaction():
        refund_order(order.public_id, 700, expected_refunded_fen=100, actor="test", now=NOW)
    found = invoices_of([order.id])
    assert [(row.number, row.total_fen, row.snapshot.get("credits")) for row in found] == [
        ("NQ-2026-000001", 5000, None),
        ("NQ-2026-000002", -100, "NQ-2026-000001"),
        ("NQ-2026-000003", -700, "NQ-2026-000001"),
    ]
    db.session.refresh(order)
    assert sum(row.total_fen for row in found) == order.total_fen - order.refunded_fen == 4200
    assert all(row.title == invoice.title for row in found)


def test_nothing_is_invoiced_that_was_not_paid_or_went_back_whole(session: Session) -> None:
    unpaid = bought(factories.account(), paid=False).orders[0]
    with pytest.raises(Conflict) as refused:
        issued(unpaid)
    assert refused.value.code == "not_paid"
    returned = bought(factories.account()).orders[0]
    with transaction():
        refund_order(returned.public_id, 5000, expected_refunded_fen=0, actor="test", now=NOW)
    with pytest.raises(Conflict) as refused:
        issued(returned)
    assert refused.value.code == "nothing_to_invoice"
    assert db.session.scalar(select(func.count(Invoice.id))) == 0
    assert db.session.scalar(select(InvoiceCounter.last)) is None


@pytest.mark.parametrize("statement", ["UPDATE invoice SET title = 'x'", "DELETE FROM invoice", "TRUNCATE invoice"])
def test_the_database_refuses_to_alter_an_invoice(session: Session, statement: str) -> None:
    issued(bought(factories.account()).orders[0])
    with pytest.raises(IntegrityError, match="append-only"):
        db.session.execute(text(statement))


def test_an_invoice_is_there_for_its_buyer_and_its_seller_alone(session: Session) -> None:
    buyer = factories.account()
    group = bought(buyer)
    invoice = issued(group.orders[0])
    assert get_invoice(invoice.public_id, buyer.id) == invoice
    with pytest.raises(NotFound):
        get_invoice(invoice.public_id, factories.account().id)


def test_the_rule_is_that_of_the_day_of_the_sale_and_of_the_kind_of_seller() -> None:
    assert tax_basis(ProducerKind.HOUSEHOLD, date(2025, 12, 31)).code == "own-produce-2009"
    assert tax_basis(ProducerKind.HOUSEHOLD, date(2026, 1, 1)).code == "own-produce-2026"
    assert tax_basis(ProducerKind.COOPERATIVE, date(2026, 1, 1)).code == "cooperative-2008"


def test_every_single_change_and_every_swap_of_neighbours_in_a_credit_code_is_noticed() -> None:
    code = "91350100M000100Y43"
    characters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    for place in range(18):
        for other in characters:
            if other != code[place]:
                with pytest.raises(Invalid):
                    check_tax_number(code[:place] + other + code[place + 1 :])
    swaps = [code[:at] + code[at + 1] + code[at] + code[at + 2 :] for at in range(17) if code[at] != code[at + 1]]
    for swapped in swaps:
        with pytest.raises(Invalid):
            check_tax_number(swapped)


@pytest.mark.parametrize(
    "number", ["", "123", "12345678901234", "91350100M000100Y4", "９1350100M000100Y43", "<b>", "1234567890123456"]
)
def test_what_is_no_tax_number_is_refused(number: str) -> None:
    with pytest.raises(Invalid):
        check_tax_number(number)


def test_the_older_numbers_are_taken_as_they_are() -> None:
    assert check_tax_number("522636123456789") == "522636123456789"
    assert check_tax_number("5226361234567890120x") == "5226361234567890120X"


@pytest.fixture(scope="module")
def shop(database_server: embedded_postgres.Server, data_dir: Path) -> Iterator[Flask]:
    with own_database(database_server, data_dir, "invoices") as app:
        yield app


def test_of_two_who_ask_at_once_both_get_the_one_invoice_and_numbers_stay_whole(shop: Flask) -> None:
    with shop.app_context():
        with transaction():
            buyer = factories.account()
            db.session.flush()
        names = [bought(buyer).orders[0].public_id for _ in range(3)]

    def ask(name: str) -> str:
        with transaction():
            found, group = lock_order(name)
            return issue_invoice(found, group, CANTEEN, actor="test", now=NOW).number

    answers = race(shop, *[lambda name=name: ask(name) for name in names for _ in range(3)])
    assert sorted(set(answers)) == ["NQ-2026-000001", "NQ-2026-000002", "NQ-2026-000003"]
    assert len(answers) == 9
