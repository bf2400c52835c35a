"""What the operator sees of models and outgoing messages."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.audit import AuditEvent
from marketplace.kernel.db import db, transaction
from marketplace.kernel.locks import only_one
from marketplace.kernel.outbox.models import Channel, OutgoingMessage
from marketplace.kernel.outbox.posting import post
from marketplace.recommendations import versions
from marketplace.recommendations.models import ModelKind, ModelState, Stage
from marketplace.recommendations.training import train
from tests.recommendations.shop_of_readers import fill, trained
from tests.web.desk_world import Desk, make_account, without_csrf

NOW = clock.now()


@pytest.fixture
def desk(client: FlaskClient, session: Session, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Desk:
    without_csrf(app, monkeypatch)
    return Desk(client, make_account(RoleKind.OPERATOR))


def jobs() -> list[str]:
    return list(db.session.scalars(text("SELECT task_name FROM procrastinate_jobs ORDER BY id")))


def test_before_the_first_training_the_page_says_what_lists_follow(desk: Desk) -> None:
    page = desk.get("/operator/models").text
    assert "There is no model yet. Lists follow the general order of the shop until there is one." in page
    assert "Train now" in page


def test_a_ready_model_is_named_with_its_events(desk: Desk, models: Path) -> None:
    with transaction():
        fill(10, 10)
    version = trained(models)
    page = desk.get("/operator/models").text
    assert f"Lists come from model {version.id}, ready since" in page
    assert ">210<" in page


def test_a_training_under_way_shows_its_step_and_an_abandoned_one_says_so(desk: Desk) -> None:
    with only_one(versions.LOCK) as held:
        assert held is not None
        number = versions.begin(ModelKind.FIT, now=NOW)
        versions.advance(number, Stage.LEARNING)
        page = desk.get("/operator/models").text
        assert f"Model {number} is being made" in page
        assert "Step 2 of 3: learning from it" in page
        assert '<progress class="progress" id="progress" max="100" value="33">' in page
        assert "Train now" not in page
    page = desk.get("/operator/models").text
    assert f"Model {number} was interrupted at step 2 of 3." in page
    assert "Train now" in page


def test_a_failed_training_is_told_in_plain_words(desk: Desk, models: Path) -> None:
    assert train(models, now=NOW, say=lambda _: None) is None
    page = desk.get("/operator/models").text
    assert "There was not enough to learn from: at least two consumers and two listings are needed." in page
    assert "NotEnoughEvents" not in page
    (version,) = versions.latest()
    assert version.state == ModelState.FAILED


def test_train_now_queues_one_training_however_often_it_is_pressed(desk: Desk) -> None:
    assert desk.post("/operator/models/train").status_code == 303
    assert "A training waits for a free worker." in desk.get("/operator/models").text
    desk.post("/operator/models/train")
    assert jobs() == ["recommendations.train"]
    assert "A training is waiting already." in desk.get("/operator/models").text
    verbs = [event.verb for event in db.session.query(AuditEvent)]
    assert verbs.count("training.asked") == 1


def letter(subject: str, recipient: str = "li@example.com") -> OutgoingMessage:
    with transaction():
        return post(
            Channel.EMAIL,
            recipient,
            template="t",
            language="en",
            subject=subject,
            body_text="Pears <b>are</b> ripe.",
            now=NOW,
        )


def test_the_outbox_is_searched_and_a_message_read(desk: Desk) -> None:
    message = letter("Pears")
    letter("Apples", "wang@example.com")
    page = desk.get("/operator/outbox").text
    assert "No message was given up." in page
    assert "Pears" in page
    assert "Apples" in page
    found = desk.get("/operator/outbox?q=wang").text
    assert "Apples" in found
    assert "Pears" not in found
    assert "Nothing fits your search." in desk.get("/operator/outbox?q=nobody&state=sent").text
    shown = desk.get(f"/operator/outbox/{message.public_id}").text
    assert "Pears &lt;b&gt;are&lt;/b&gt; ripe." in shown
    assert "li@example.com" in shown
    assert desk.get("/operator/outbox/nothing").status_code == 404
    assert desk.get("/operator/outbox?state=nonsense").status_code == 422


def test_a_message_that_was_given_up_is_tried_again_by_hand(desk: Desk) -> None:
    message = letter("Pears")
    with transaction():
        message.failed_at, message.attempts, message.last_error = NOW, 6, "550 no such reader"
    assert "1 message was given up. Please look at it." in desk.get("/operator/outbox").text
    path = f"/operator/outbox/{message.public_id}"
    assert "550 no such reader" in desk.get(path).text
    desk.post(f"{path}/again")
    assert "It will be tried again within a minute." in desk.get(path).text
    db.session.refresh(message)
    assert (message.failed_at, message.attempts) == (None, 0)
    desk.post(f"{path}/again")
    assert "This message was not given up." in desk.get(path).text
