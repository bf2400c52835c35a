"""Lists for readers and strangers: tilted, in stock, logged, explained, switched off."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.catalogue.models import Listing, ListingState
from marketplace.identity.models import Account
from marketplace.kernel.db import db, transaction
from marketplace.recommendations import loaded, training
from marketplace.recommendations.models import Event, EventKind, ModelState, ModelVersion, ServedList, TiltSum
from marketplace.recommendations.queries import is_personalised, policy_in_force, realised_shares
from marketplace.recommendations.service import delete_history, recommend, record_event, set_personalised
from tests import factories
from tests.factories import NOW, TODAY


@pytest.fixture
def shop(models: Path) -> list[Listing]:
    """Forty listings of forty sellers; every fourth is a registered household's and sells less."""
    with transaction():
        return [
            factories.listing(
                factories.producer(registered=number % 4 == 0, consent=number % 8 == 0),
                title_zh=f"苹果{number}号",
                rank=1.0 if number % 4 else 0.5,
            )
            for number in range(40)
        ]


@pytest.fixture
def readers(shop: list[Listing]) -> list[Account]:
    """Thirty consumers with twelve weeks of purchases."""
    generator = np.random.default_rng(1)
    weights = np.array([1.0 if number % 4 else 0.25 for number in range(40)])
    with transaction():
        readers = [factories.account() for _ in range(30)]
        for reader in readers:
            taste = generator.choice(40, size=6, replace=False, p=weights / weights.sum())
            for days_ago in range(1, 85, 4):
                listing = shop[int(generator.choice(taste))]
                record_event(reader, listing.id, EventKind.PURCHASE, now=NOW - timedelta(days=days_ago))
    return readers


def served() -> int:
    return db.session.scalar(select(func.count()).select_from(ServedList)) or 0


def test_before_any_training_a_stranger_gets_the_general_order(shop: list[Listing]) -> None:
    with transaction():
        answer = recommend(None, "home", 10, now=NOW)
    assert len(answer.rows) == 10
    assert not answer.personalised
    assert set(answer.reasons) == {"popular"}
    assert served() == 1


def test_what_is_sold_out_or_withdrawn_is_not_shown_with_the_next_request(shop: list[Listing]) -> None:
    with transaction():
        first = recommend(None, "home", 2, now=NOW)
        sold_out, withdrawn = (db.session.get_one(Listing, row.id) for row in first.rows)
        sold_out.available = Decimal(0)
        withdrawn.state = ListingState.WITHDRAWN
    with transaction():
        second = recommend(None, "home", 40, now=NOW)
    assert not {sold_out.id, withdrawn.id} & {row.id for row in second.rows}
    assert len(second.rows) == 38


def test_a_list_holds_no_more_than_three_of_one_seller(models: Path) -> None:
    with transaction():
        big = factories.producer()
        for _ in range(8):
            factories.listing(big, rank=5.0)
        for _ in range(8):
            factories.listing()
    with transaction():
        answer = recommend(None, "home", 10, now=NOW)
    assert sum(row.producer_id == big.id for row in answer.rows) == 3


def test_the_policy_is_kept_over_many_lists_and_remembered(readers: list[Account], models: Path) -> None:
    with transaction():
        policy = factories.policy(exposure_share=0.4, guard=0.5)
    training.train(models, now=NOW, say=lambda _: None)
    for round_number in range(10):
        for reader in readers:
            with transaction():
                recommend(reader, "home", 12, now=NOW + timedelta(minutes=round_number))
    shares = realised_shares(policy.id)
    assert shares is not None
    assert shares[0] == pytest.approx(0.4, abs=0.02)
    sums = {row.name: row.value for row in db.session.scalars(select(TiltSum))}
    assert sums["requests"] == 300
    logged = db.session.scalars(select(ServedList)).all()
    assert sum(row.exposure for row in logged) == pytest.approx(sums["exposure"])
    assert sum(row.registered_exposure for row in logged) == pytest.approx(sums["registered_exposure"])
    assert {len(row.listing_ids) for row in logged} == {12}


def test_without_a_policy_nothing_is_tilted(readers: list[Account], models: Path) -> None:
    training.train(models, now=NOW, say=lambda _: None)
    with transaction():
        answer = recommend(readers[0], "home", 10, now=NOW)
    assert answer.policies == []
    assert "supports_registered" not in answer.reasons
    assert db.session.scalar(select(func.count()).select_from(TiltSum)) == 0
    logged = db.session.scalars(select(ServedList)).one()
    assert logged.relevance == sorted(logged.relevance, reverse=True)


def test_a_reason_never_tells_what_the_badge_may_not_and_names_the_policy(readers: list[Account], models: Path) -> None:
    with transaction():
        policy = factories.policy(exposure_share=0.9)
    training.train(models, now=NOW, say=lambda _: None)
    told = []
    for reader in readers:
        with transaction():
            answer = recommend(reader, "home", 10, now=NOW)
        told += [row for row, reason in zip(answer.rows, answer.reasons, strict=True) if reason == "supports_registered"]
        assert set(answer.policy_of.values()) <= {policy.id}
        assert answer.policy_of.keys() <= {row.id for row in told}
    assert told
    assert all(row.supports_registered for row in told)


def test_what_somebody_bought_is_called_so(readers: list[Account], models: Path) -> None:
    training.train(models, now=NOW, say=lambda _: None)
    reader = readers[0]
    bought = set(db.session.scalars(select(Event.listing_id).filter_by(account_id=reader.id)))
    with transaction():
        answer = recommend(reader, "home", 10, now=NOW)
    assert answer.personalised
    named = {row.id for row, reason in zip(answer.rows, answer.reasons, strict=True) if reason == "bought_before"}
    assert named
    assert named <= bought


def test_switched_off_nothing_is_remembered_and_lists_are_those_of_a_stranger(readers: list[Account], models: Path) -> None:
    training.train(models, now=NOW, say=lambda _: None)
    reader = readers[0]
    with transaction():
        set_personalised(reader, False, now=NOW)
    before = db.session.scalar(select(func.count()).select_from(Event))
    with transaction():
        record_event(reader, db.session.scalars(select(Listing.id)).first() or 0, EventKind.VIEW, now=NOW)
        mine = recommend(reader, "home", 10, now=NOW)
        strangers = recommend(None, "home", 10, now=NOW)
    assert not mine.personalised
    assert [row.id for row in mine.rows] == [row.id for row in strangers.rows]
    assert db.session.scalar(select(func.count()).select_from(Event)) == before
    assert not is_personalised(reader.id)
    assert db.session.scalars(select(ServedList.account_id)).all() == [None, None]


def test_deleting_the_history_leaves_no_event_and_no_name_on_a_list(readers: list[Account], models: Path) -> None:
    reader = readers[0]
    with transaction():
        recommend(reader, "home", 10, now=NOW)
        assert delete_history(reader, now=NOW) == 21
    assert db.session.scalar(select(func.count()).where(Event.account_id == reader.id)) == 0
    assert db.session.scalar(select(func.count()).where(ServedList.account_id == reader.id)) == 0


def test_a_training_that_fails_leaves_the_old_model_and_says_why(
    readers: list[Account], models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = training.train(models, now=NOW, say=lambda _: None)
    assert good is not None

    def broken(*_: object, **__: object) -> None:
        raise OSError("no space left on the disk")

    monkeypatch.setattr(training.Recommender, "save", broken)
    with pytest.raises(OSError, match="no space"):
        training.train(models, now=NOW, say=lambda _: None)
    states = db.session.execute(select(ModelVersion.state, ModelVersion.note).order_by(ModelVersion.id)).all()
    assert [tuple(row) for row in states] == [
        (ModelState.READY, ""),
        (ModelState.FAILED, "OSError: no space left on the disk"),
    ]
    with transaction():
        assert recommend(readers[0], "home", 5, now=NOW).personalised
    assert db.session.scalars(select(ServedList.model_version_id)).all() == [good.id]


def test_a_damaged_model_file_leaves_the_shop_open(readers: list[Account], models: Path) -> None:
    version = training.train(models, now=NOW, say=lambda _: None)
    assert version is not None
    for path in (models / version.folder).iterdir():
        path.write_bytes(b"not a model")
    loaded.use_models_in(models)
    with transaction():
        assert len(recommend(readers[0], "home", 5, now=NOW).rows) == 5


def test_nothing_bought_yet_is_no_failure(models: Path) -> None:
    said: list[str] = []
    assert training.train(models, now=NOW, say=said.append) is None
    assert said == ["  nothing has been bought yet, so there is nothing to learn from"]


def test_the_nearest_areas_newest_policy_is_in_force(session: Session) -> None:
    with transaction():
        old = factories.policy("522636", begins_on=TODAY - timedelta(days=10))
        new = factories.policy("522636", begins_on=TODAY)
        wide = factories.policy("52", begins_on=TODAY)
    assert policy_in_force("522636100", TODAY) == new
    assert policy_in_force("522636100", TODAY - timedelta(days=1)) == old
    assert policy_in_force("522601", TODAY) == wide
    assert policy_in_force("51", TODAY) is None


def test_goods_from_outside_the_policys_area_do_not_count(models: Path) -> None:
    with transaction():
        factories.policy("522636", exposure_share=0.5)
        factories.listing(factories.producer("522635100001", registered=True))
    with transaction():
        recommend(None, "home", 10, now=NOW)
    assert db.session.scalars(select(ServedList.registered_exposure)).all() == [0.0]
