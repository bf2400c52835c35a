"""Notices: with their change or not at all, once, in the reader's language and hours, and harmless."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.identity.contacts import Contact, contact_of_login, due_at, set_contact
from marketplace.identity.models import MandateState
from marketplace.kernel import clock
from marketplace.kernel.db import db, transaction
from marketplace.kernel.outbox.models import OutgoingMessage
from marketplace.kernel.outbox.text_message import parts
from marketplace.orders.news import News, tell
from marketplace.orders.refunds import cancel_order, refund_order
from marketplace.orders.service import accept_delivery, ship_order
from marketplace.web.notices.harmless import harmless
from marketplace.web.notices.jobs import watch_mandates
from tests.web.desk_world import NOW, Desk, without_csrf
from tests.web.mandate_world import HOUSE_PHONE, MandateWorld, kinds, messages
from tests.web.test_acting import new_listing

BUYER, SELLER = "13511110000", "farmer@example.org"


@pytest.fixture
def world(session: Session, app: Flask, monkeypatch: pytest.MonkeyPatch) -> MandateWorld:
    without_csrf(app, monkeypatch)
    world = MandateWorld()
    world.buyer.login, world.farmer.login = BUYER, SELLER
    db.session.commit()
    return world


def test_a_buyer_is_told_of_every_step_and_a_seller_when_it_is_sure(world: MandateWorld) -> None:
    group = world.purchase(world.listing(), "2")
    assert (kinds(BUYER), kinds(SELLER)) == (["order.placed"], [])
    world.pay(group)
    assert (kinds(BUYER), kinds(SELLER)) == (["order.placed", "order.paid"], ["order.new"])
    order = world.order(group)
    for _ in range(2):
        with transaction():
            ship_order(order.public_id, order.producer_id, actor="test", now=NOW)
    for _ in range(2):
        with transaction():
            accept_delivery(order.public_id, world.buyer.id, actor="test", now=NOW)
    assert kinds(BUYER)[2:] == ["order.shipped", "order.arrived"]
    assert kinds(SELLER)[1:] == ["order.settled"]
    for refunded_fen in (0, 100):
        with transaction():
            refund_order(order.public_id, 100, expected_refunded_fen=refunded_fen, actor="test", now=NOW)
    assert kinds(BUYER)[4:] == ["order.refunded", "order.refunded"]
    assert messages(BUYER)[0] == f"【农桥】订单{group.reference}已收到，共¥24.00。"
    assert messages(SELLER)[0].startswith(f"新订单{group.reference}：红苹果。请打包发货。\n\nhttp://127.0.0.1:5000/farm/")


def test_a_part_that_is_cancelled_is_said_with_the_money(world: MandateWorld) -> None:
    group = world.purchase(world.listing(), "2")
    world.pay(group)
    with transaction():
        cancel_order(world.order(group).public_id, actor="test", now=NOW)
    assert kinds(BUYER)[-1] == "order.cancelled"
    assert messages(BUYER)[-1] == f"【农桥】订单{group.reference}的红苹果已取消，¥24.00正在退给您。"


def test_a_part_of_which_all_money_went_back_before_is_cancelled_without_naming_any(world: MandateWorld) -> None:
    group = world.purchase(world.listing(), "2")
    world.pay(group)
    order = world.order(group)
    with transaction():
        tell(News.CANCELLED, order.group, order, amount_fen=0, now=NOW)
    assert messages(BUYER)[-1] == f"【农桥】订单{group.reference}的红苹果已取消，这部分您不用付钱。"


def test_what_is_rolled_back_is_not_told(world: MandateWorld) -> None:
    listing = world.listing()
    with pytest.raises(RuntimeError), transaction():
        set_contact("account", world.buyer.public_id, Contact("sms", BUYER), actor="test", now=NOW)
        raise RuntimeError
    assert kinds(BUYER) == []
    world.purchase(listing, "1")
    assert kinds(BUYER) == ["order.placed"]


def test_a_reader_is_told_in_the_own_language_by_the_channel_chosen_or_not_at_all(world: MandateWorld) -> None:
    world.buyer.locale = "en"
    db.session.commit()
    listing = world.listing()
    group = world.purchase(listing, "1")
    assert messages(BUYER) == [f"[Nongqiao]Order {group.reference} is placed: ¥12.00."]
    with transaction():
        set_contact("account", world.buyer.public_id, Contact("email", "", "b@example.org"), actor="test", now=NOW)
    world.purchase(listing, "1")
    assert kinds("b@example.org") == ["order.placed"]
    with transaction():
        set_contact("account", world.buyer.public_id, Contact("none"), actor="test", now=NOW)
    world.purchase(listing, "1")
    assert (len(kinds(BUYER)), len(kinds("b@example.org"))) == (1, 1)


@pytest.mark.parametrize(
    ("local", "due"),
    [
        ("2026-06-15 20:59:59", "2026-06-15 20:59:59"),
        ("2026-06-15 21:00:00", "2026-06-16 08:00:00"),
        ("2026-06-15 23:30:00", "2026-06-16 08:00:00"),
        ("2026-06-16 00:10:00", "2026-06-16 08:00:00"),
        ("2026-06-16 07:59:59", "2026-06-16 08:00:00"),
        ("2026-06-16 08:00:00", "2026-06-16 08:00:00"),
    ],
)
def test_nights_are_quiet(local: str, due: str) -> None:
    at, then = (datetime.fromisoformat(text).replace(tzinfo=clock.MARKET_ZONE).astimezone(UTC) for text in (local, due))
    assert due_at(Contact("sms", BUYER), at) == then
    assert due_at(Contact("sms", BUYER, quiet_at_night=False), at) == at


def test_what_happens_at_night_is_told_in_the_morning(world: MandateWorld) -> None:
    night = datetime(2026, 5, 20, 14, 0, tzinfo=UTC)
    listing = world.listing()
    world.purchase(listing, "1", now=night)
    message = db.session.scalars(select(OutgoingMessage).filter_by(recipient=BUYER)).one()
    assert (message.created_at, message.next_attempt_at) == (night, datetime(2026, 5, 21, 0, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("login", "address"),
    [
        ("13800138000", "13800138000"),
        ("+8613800138000", "+8613800138000"),
        ("li@example.org", "li@example.org"),
        ("danzhai", ""),
    ],
)
def test_who_has_chosen_nothing_is_told_by_the_login_if_it_is_an_address(login: str, address: str) -> None:
    assert contact_of_login(login).address == address


def test_settings_say_how_one_is_told(client: FlaskClient, world: MandateWorld) -> None:
    desk = Desk(client, world.buyer)
    assert f'value="{BUYER}"' in desk.get("/settings").text
    desk.post("/notices/contact", {"channel": "email", "phone": "", "email": "b@example.org"})
    assert 'value="b@example.org"' in desk.get("/settings").text
    refused = desk.post("/notices/contact", {"channel": "sms", "phone": "call me"}, follow_redirects=True)
    assert "Please give a phone number" in refused.text
    assert 'value="b@example.org"' in desk.get("/settings").text


FORBIDDEN = re.compile(r"贫困|脱贫|建档立卡|监测户|低保|\bpoor\b|poverty|registered household|\d{7}", re.IGNORECASE)


def test_no_notice_carries_a_number_of_a_person_or_a_word_of_poverty(client: FlaskClient, world: MandateWorld) -> None:
    """A canary: sellers who write such things into a title, a household that is registered, every kind of notice."""
    world.officer.display_name = "王村干 13912349999"
    world.officer.login = "13800009999"
    db.session.commit()
    mandate = world.mandate()
    officer = Desk(client, world.officer)
    title = "贫困户红苹果 522636199001011234 卡6222021234567890123 电话 138 0013 8000"
    officer.post("/farm/listings/new", new_listing(title_zh=title, title_en="Poor registered households' apples 13800138000"))
    listing = world.house_listing()
    path = f"/farm/listings/{listing.public_id}"
    officer.post(path, {"price": "9.00", "title_zh": title})
    officer.post(f"{path}/withdraw")
    officer.post(f"{path}/publish")
    group = world.purchase(listing, "1", total_fen=900)
    world.pay(group)
    officer.post(f"/farm/orders/{world.order(group).public_id}/ship")
    desk = Desk(client, world.other_officer)
    desk.post(f"/office/mandates/{mandate.public_id}/listings/{listing.public_id}/deny", {"note": "贫困"})
    desk.post(f"/office/mandates/{mandate.public_id}/revoke")
    found = db.session.scalars(select(OutgoingMessage)).all()
    assert {message.template for message in found} >= {
        *("notice.listed", "notice.changed", "notice.withdrawn", "notice.sent", "notice.denied", "notice.mandate.revoked"),
        *("notice.holder.denied", "notice.holder.ended", "notice.order.new", "notice.order.placed", "notice.order.shipped"),
    }
    for message in found:
        # The code at the end of a link is ours and random; it may hold seven figures in a row.
        said = re.sub(r"http\S+", "", f"{message.subject} {message.body_text}")
        assert FORBIDDEN.search(said) is None, said
        assert message.channel != "sms" or parts(message.body_text) <= 2, message.body_text


def test_a_mandate_is_told_when_given_two_weeks_before_its_end_and_at_its_end_each_once(world: MandateWorld) -> None:
    world.officer.login = "13800009999"
    db.session.commit()
    mandate = world.mandate(days=20)
    ends_at = mandate.ends_at
    for at in (ends_at - timedelta(days=15), ends_at - timedelta(days=14), ends_at - timedelta(days=3)):
        watch_mandates(now=at)
    assert (kinds(), kinds("13800009999")) == (["mandate.ending"], ["holder.ending"])
    watch_mandates(now=ends_at - timedelta(microseconds=1))
    assert mandate.state == MandateState.IN_FORCE
    for _ in range(2):
        watch_mandates(now=ends_at)
    db.session.refresh(mandate)
    assert (mandate.state, mandate.ended_at) == (MandateState.EXPIRED, ends_at)
    assert (kinds(), kinds("13800009999")) == (["mandate.ending", "mandate.expired"], ["holder.ending", "holder.ended"])


def test_the_operator_sees_text_messages_with_the_number_masked(client: FlaskClient, world: MandateWorld) -> None:
    world.purchase(world.listing(), "1")
    page = Desk(client, world.operator).get("/operator/outbox").text
    assert "135****0000" in page
    assert BUYER not in page


def test_words_of_others_are_made_harmless() -> None:
    assert harmless("红苹果\n2盒 ¥12.50") == "红苹果 2盒 ¥12.50"
    assert harmless("call 0851-8688 8888") == "call 085****8888"
    assert HOUSE_PHONE not in harmless(HOUSE_PHONE)
