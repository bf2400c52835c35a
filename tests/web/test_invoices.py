"""A buyer asks for an invoice, prints it, takes it as a file, and buys the same again."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing
from marketplace.catalogue.service import withdraw
from marketplace.identity.models import Account
from marketplace.kernel.db import db, transaction
from marketplace.orders.models import Basket, BasketLine, Invoice
from tests import factories
from tests.orders.test_invoices import CANTEEN, bought, issued
from tests.web.desk_world import Desk, without_csrf


@pytest.fixture
def desk(session: Session, client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Desk:
    without_csrf(app, monkeypatch)
    return Desk(client, factories.account(name="李小红"))


def buyer_of(desk: Desk) -> Account:
    return db.session.scalars(select(Account).filter_by(display_name="李小红")).one()


def test_an_invoice_is_asked_for_on_the_orders_page_and_shown_there(desk: Desk) -> None:
    group = bought(buyer_of(desk))
    ask = f"/orders/{group.public_id}/{group.orders[0].public_id}/invoice"
    assert ask in desk.get(f"/orders/{group.public_id}").text
    assert 'value="李小红"' in desk.get(ask).text
    sent = desk.post(ask, {"title": CANTEEN.title, "tax_number": CANTEEN.tax_number})
    page = desk.get(sent.headers["Location"])
    assert page.status_code == 200
    for words in ("NQ-2026-000001", CANTEEN.title, str(CANTEEN.tax_number), "¥50.00", "VAT Law of the PRC"):
        assert words in page.text
    assert "NQ-2026-000001" in desk.get(f"/orders/{group.public_id}").text
    # The next one begins with what this one said.
    other = bought(buyer_of(desk))
    assert CANTEEN.title in desk.get(f"/orders/{other.public_id}/{other.orders[0].public_id}/invoice").text


@pytest.mark.parametrize("form", [{"title": ""}, {"title": "x" * 101}, {"title": "x", "tax_number": "91350100M000100Y44"}])
def test_an_invoice_that_cannot_be_right_is_not_issued(desk: Desk, form: dict[str, str]) -> None:
    group = bought(buyer_of(desk))
    path = f"/orders/{group.public_id}/{group.orders[0].public_id}/invoice"
    assert desk.post(path, form).status_code == 422
    assert db.session.scalar(select(func.count(Invoice.id))) == 0


def test_the_file_is_a_pdf_with_the_same_words_and_the_same_bytes_each_time(desk: Desk) -> None:
    invoice = issued(bought(buyer_of(desk)).orders[0])
    path = f"/invoices/{invoice.public_id}.pdf"
    first, second = desk.get(path), desk.get(path)
    assert first.mimetype == "application/pdf"
    assert first.data.startswith(b"%PDF-")
    assert first.data == second.data
    assert b"STSong-Light" in first.data
    # What it is called is written in clear; its pages are packed.
    assert b"Invoice NQ-2026-000001" in first.data


def test_somebody_elses_invoice_is_not_there(desk: Desk) -> None:
    group = bought(factories.account())
    invoice = issued(group.orders[0])
    for path in (f"/invoices/{invoice.public_id}", f"/invoices/{invoice.public_id}.pdf"):
        assert desk.get(path).status_code == 404
    ask = f"/orders/{group.public_id}/{group.orders[0].public_id}/invoice"
    assert desk.get(ask).status_code == 404
    assert desk.post(ask, {"title": "x"}).status_code == 404


def test_buying_again_takes_what_is_there_and_names_what_is_not(desk: Desk) -> None:
    buyer = buyer_of(desk)
    gone, there = bought(buyer), bought(buyer, price_fen=100)
    with transaction():
        withdraw(db.session.get_one(Listing, gone.orders[0].lines[0].listing_id), actor="test", now=factories.NOW)
    page = desk.client.post(f"/orders/{gone.public_id}/again", headers={"Accept-Language": "en"}, follow_redirects=True)
    assert "Not to be had at the moment" in page.text
    assert lines_in_open_basket() == []
    desk.post(f"/orders/{there.public_id}/again")
    assert lines_in_open_basket() == [(there.orders[0].lines[0].listing_id, 2)]
    assert desk.post(f"/orders/{bought(factories.account()).public_id}/again").status_code == 404


def lines_in_open_basket() -> list[tuple[int, int]]:
    query = select(BasketLine.listing_id, BasketLine.quantity).join(Basket, Basket.id == BasketLine.basket_id)
    return [(listing_id, int(quantity)) for listing_id, quantity in db.session.execute(query.where(~Basket.ordered))]
