"""The weekly letter: asked for, written once a week by the same service as every list, ended from anywhere."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Producer
from marketplace.identity.models import Account
from marketplace.kernel import embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.kernel.outbox.models import OutgoingMessage
from marketplace.recommendations.models import DigestSubscription, ServedList, TiltSum
from marketplace.recommendations.service import set_personalised
from marketplace.recommendations.subscriptions import subscribe
from marketplace.web.digest import unsubscribe_token, write_digests
from tests import factories
from tests.factories import NOW
from tests.own_database import own_database, race, wait_until_held_up
from tests.recommendations.shop_of_readers import fill, trained
from tests.web.conftest import Browser


@pytest.fixture
def readers(models: Path) -> list[Account]:
    """Thirty readers of a shop with a policy and a model; the first two want the letter, one in each language."""
    with transaction():
        _, people = fill()
        people[0].locale, people[1].locale = "zh_Hans", "en"
        for at, reader in enumerate(people[:2]):
            subscribe(reader, f"reader{at}@example.com", now=NOW)
        factories.policy(exposure_share=0.4, guard=0.5)
    trained(models)
    return people


def messages() -> list[OutgoingMessage]:
    return list(db.session.scalars(select(OutgoingMessage).order_by(OutgoingMessage.id)))


def test_everybody_who_asked_gets_a_letter_in_their_language(readers: list[Account]) -> None:
    assert write_digests(NOW) == 2
    chinese, english = messages()
    assert (chinese.recipient, chinese.language, chinese.subject) == ("reader0@example.com", "zh_Hans", "本周村里有什么")
    assert (english.recipient, english.language, english.subject) == (
        "reader1@example.com",
        "en",
        "This week from the villages",
    )
    assert "张三，您好：" in chinese.body_text
    assert "Hello 张三," in english.body_text
    assert "This is what we would look at this week (15 Jun 2026)." in english.body_text
    assert "You have bought this before." in english.body_text
    assert "您以前买过。" in chinese.body_text


def test_its_list_is_written_down_and_tilted_like_every_other(readers: list[Account]) -> None:
    write_digests(NOW)
    lists = db.session.scalars(select(ServedList).order_by(ServedList.id)).all()
    assert [(row.surface, row.account_id, len(row.listing_ids)) for row in lists] == [
        ("digest", reader.id, 8) for reader in readers[:2]
    ]
    assert all(any(row.policy_ids) for row in lists)
    sums = {row.name: row.value for row in db.session.scalars(select(TiltSum))}
    assert sums["requests"] == 2
    assert messages()[1].body_text.count("/p/") == 8


def test_it_has_the_same_words_as_text_and_as_html_and_never_names_a_producer(readers: list[Account]) -> None:
    write_digests(NOW)
    names = db.session.execute(select(Producer.name_zh, Producer.name_en)).all()
    for letter in messages():
        links = re.findall(r"http://127\.0\.0\.1:5000/p/\w+", letter.body_text)
        assert re.findall(r"http://127\.0\.0\.1:5000/p/\w+", letter.body_html or "") == links
        for name_zh, name_en in names:
            assert name_zh not in letter.body_text + (letter.body_html or "")
            assert name_en not in letter.body_text + (letter.body_html or "")


def test_a_second_run_in_the_same_week_writes_nothing_and_the_next_week_does(readers: list[Account]) -> None:
    assert write_digests(NOW) == 2
    # The fifteenth of June is a Monday.
    assert write_digests(NOW + timedelta(days=6, hours=11)) == 0
    assert len(db.session.scalars(select(ServedList)).all()) == 2
    assert write_digests(NOW + timedelta(days=7)) == 2


def test_two_jobs_at_once_write_one_letter_to_each(database_server: embedded_postgres.Server, tmp_path: Path) -> None:
    with own_database(database_server, tmp_path, "letters") as app:
        with app.app_context(), transaction():
            _, people = fill(10, 5)
            for at, reader in enumerate(people):
                subscribe(reader, f"reader{at}@example.com", now=NOW)
        answers = race(
            app, lambda: write_digests(NOW), lambda: write_digests(NOW), behind="LOCK TABLE served_list IN EXCLUSIVE MODE"
        )
        assert sum(answers) == 5
        with app.app_context():
            assert len(messages()) == len(db.session.scalars(select(ServedList)).all()) == 5


def test_a_letter_that_cannot_be_written_keeps_nobody_else_from_theirs(
    readers: list[Account], caplog: pytest.LogCaptureFixture
) -> None:
    with transaction():
        broken = update(DigestSubscription).filter_by(account_id=readers[0].id)
        db.session.execute(broken.values(address="reader0@example.com\nBcc: all@example.com"))
    assert write_digests(NOW) == 1
    assert [letter.recipient for letter in messages()] == ["reader1@example.com"]
    assert f"the letter of this week to account {readers[0].id} could not be written" in caplog.text


def test_while_a_letter_is_put_into_words_nobody_waits_for_the_sums(
    database_server: embedded_postgres.Server, tmp_path: Path
) -> None:
    with own_database(database_server, tmp_path, "letter_words") as app:
        with app.app_context(), transaction():
            _, people = fill(10, 5)
            policy = factories.policy(exposure_share=0.4)
            subscribe(people[0], "reader0@example.com", now=NOW)
            db.session.add(TiltSum(policy_id=policy.id, name="requests", value=0.0))

        def write() -> int:
            with app.app_context():
                return write_digests(NOW)

        # The outbox is held up, which is where a letter goes once it is in words.
        with app.app_context(), db.engine.connect() as gate, ThreadPoolExecutor(1) as worker:
            gate.execute(text("LOCK TABLE outgoing_message IN EXCLUSIVE MODE"))
            writing = worker.submit(write)
            try:
                wait_until_held_up(gate, 1)
                free = text("SELECT value FROM tilt_sum WHERE name = 'requests' FOR UPDATE NOWAIT")
                assert db.session.scalar(free) == 1
                db.session.rollback()
            finally:
                gate.rollback()
            assert writing.result(timeout=60) == 1
            assert len(messages()) == 1


def test_who_has_switched_personalisation_off_gets_what_is_popular(readers: list[Account]) -> None:
    with transaction():
        set_personalised(readers[1], False, now=NOW)
    write_digests(NOW)
    letter = messages()[1]
    assert "This is what many people buy this week" in letter.body_text
    assert "You have bought this before." not in letter.body_text
    assert db.session.scalars(select(ServedList.account_id).order_by(ServedList.id)).all() == [readers[0].id, None]


def test_an_account_that_is_closed_or_wants_none_gets_none(readers: list[Account]) -> None:
    with transaction():
        readers[0].active = False
        db.session.execute(update(DigestSubscription).filter_by(account_id=readers[1].id).values(wanted=False))
    assert write_digests(NOW) == 0
    assert messages() == []


def test_a_letter_is_ended_by_one_click_in_the_mailbox_without_signing_in(
    app: Flask, readers: list[Account], browser: Browser
) -> None:
    write_digests(NOW)
    headers = messages()[0].headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = headers["List-Unsubscribe"].removeprefix("<http://127.0.0.1:5000").removesuffix(">")
    assert path in messages()[0].body_text
    answer = browser.client.post(path, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert browser.client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    wanted = dict(db.session.execute(select(DigestSubscription.account_id, DigestSubscription.wanted)).all())
    assert wanted == {readers[0].id: False, readers[1].id: True}


def test_looking_at_the_link_alone_ends_nothing(app: Flask, readers: list[Account], browser: Browser) -> None:
    path = f"/letters/unsubscribe/{unsubscribe_token(readers[0])}"
    assert "Do you want no more letters from us?" in browser.get(path).text
    assert db.session.get_one(DigestSubscription, readers[0].id).wanted
    assert "We will not write again." in browser.post(path, sent_from=path).text
    assert not db.session.get_one(DigestSubscription, readers[0].id).wanted


@pytest.mark.parametrize("token", ["x", "InBlcnNvbiI.forged", "%00"])
def test_a_forged_link_is_no_letter_of_ours(session: Session, browser: Browser, token: str) -> None:
    assert browser.get(f"/letters/unsubscribe/{token}").status_code == 404
    assert browser.client.post(f"/letters/unsubscribe/{token}").status_code == 404


def test_the_letter_is_asked_for_and_ended_in_the_settings(session: Session, browser: Browser) -> None:
    with transaction():
        reader = factories.account(login="li@example.com")
    browser.is_now(reader)
    assert 'value="li@example.com"' in browser.get("/settings").text
    answer = browser.post("/letters/digest", {"wanted": "yes", "address": "kitchen@example.com"}, sent_from="/settings")
    assert (answer.status_code, answer.location) == (303, "/settings#letter")
    kept = db.session.get_one(DigestSubscription, reader.id)
    assert (kept.wanted, kept.address) == (True, "kitchen@example.com")
    assert "The weekly letter will come on Thursdays." in browser.get("/settings").text
    browser.post("/letters/digest", {"wanted": "no"}, sent_from="/settings")
    assert not db.session.get_one(DigestSubscription, reader.id).wanted
    assert 'value="kitchen@example.com"' in browser.get("/settings").text


@pytest.mark.parametrize("address", ["", "nobody", "a@b", "a b@example.com", "a@example.com, c@example.com", "<a@example.com>"])
def test_what_is_no_address_is_refused_kindly(session: Session, browser: Browser, address: str) -> None:
    with transaction():
        reader = factories.account()
    browser.is_now(reader)
    browser.post("/letters/digest", {"wanted": "yes", "address": address}, sent_from="/settings")
    assert "This is not an e-mail address." in browser.get("/settings").text
    assert db.session.get(DigestSubscription, reader.id) is None
