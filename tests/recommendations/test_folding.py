"""Folding in what has happened since the fit, forgetting what consumers have withdrawn, and logs that teach nothing."""

import shutil
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from marketplace.catalogue.models import Listing
from marketplace.identity.models import Account
from marketplace.kernel.db import db, transaction
from marketplace.orders.models import OrderGroup
from marketplace.recommendations.folding import fold_in
from marketplace.recommendations.models import (
    Event,
    EventKind,
    Failure,
    ForgottenHistory,
    ModelKind,
    ModelState,
    ModelVersion,
    ServedList,
    Stage,
)
from marketplace.recommendations.service import delete_history, recommend, record_event, set_personalised
from marketplace.recommendations.training import train
from recommender import ForeignModelError, Recommender
from tests import factories
from tests.factories import NOW
from tests.recommendations.shop_of_readers import buy, fill, trained

LATER = NOW + timedelta(minutes=50)


@pytest.fixture
def shop(models: Path) -> tuple[list[Listing], list[Account]]:
    """Forty listings and thirty readers with twelve weeks of purchases."""
    with transaction():
        return fill()


def folded(models: Path, **moved: float) -> ModelVersion:
    version = fold_in(models, now=NOW + timedelta(**moved), say=lambda _: None)
    assert version is not None
    return version


def model_of(models: Path, version: ModelVersion) -> Recommender:
    return Recommender.load(models / version.folder)


def test_a_new_consumer_and_a_new_listing_are_known_within_the_hour(
    shop: tuple[list[Listing], list[Account]], models: Path
) -> None:
    fit = trained(models)
    with transaction():
        newcomer = factories.account()
        fresh = factories.listing(title_zh="新到的梨")
        record_event(newcomer, shop[0][3].id, EventKind.PURCHASE, now=LATER)
        before = recommend(newcomer, "home", 5, now=LATER)
    version = folded(models, hours=1)
    assert (version.kind, version.parent_id, version.events, version.stage) == (ModelKind.FOLD_IN, fit.id, 1, Stage.DONE)
    state = model_of(models, version).state
    assert newcomer.id in state.users
    assert fresh.id in state.items
    with transaction():
        after = recommend(newcomer, "home", 5, now=LATER)
    assert "bought_before" not in before.reasons
    assert [row.id for row, reason in zip(after.rows, after.reasons, strict=True) if reason == "bought_before"] == [
        shop[0][3].id
    ]
    assert db.session.scalars(select(ServedList.model_version_id).order_by(ServedList.id)).all() == [fit.id, version.id]


def test_every_folding_in_starts_from_the_fit_and_counts_each_event_once(
    shop: tuple[list[Listing], list[Account]], models: Path
) -> None:
    fit = trained(models)
    reader, listing = shop[1][0], shop[0][0]
    for minutes in (10, 70):
        with transaction():
            record_event(reader, listing.id, EventKind.PURCHASE, now=NOW + timedelta(minutes=minutes))
        version = folded(models, minutes=minutes + 5)
    assert (version.parent_id, version.events) == (fit.id, 2)
    state = model_of(models, version).state
    row = state.history.row(state.users.number(reader.id))
    pairs = dict(zip(state.history.items[row].tolist(), state.history.purchases[row].tolist(), strict=True))
    bought = db.session.scalars(select(Event).filter_by(account_id=reader.id, listing_id=listing.id)).all()
    assert pairs[state.items.number(listing.id)] == len(bought)


def test_nothing_is_made_when_nothing_has_happened(shop: tuple[list[Listing], list[Account]], models: Path) -> None:
    trained(models)
    said: list[str] = []
    assert fold_in(models, now=LATER, say=said.append) is None
    with transaction():
        record_event(shop[1][0], shop[0][0].id, EventKind.VIEW, now=LATER)
    folded(models, hours=1)
    assert fold_in(models, now=LATER + timedelta(hours=1), say=said.append) is None
    assert said == ["  nothing has happened since the last model"] * 2
    assert len(db.session.scalars(select(ModelVersion)).all()) == 2


def test_an_event_that_was_not_yet_committed_when_the_fit_read_is_folded_in(
    shop: tuple[list[Listing], list[Account]], models: Path
) -> None:
    reader, listing = shop[1][0], shop[0][0]
    with transaction():
        late = Event(account_id=reader.id, listing_id=listing.id, kind=EventKind.VIEW, at=NOW - timedelta(seconds=1))
        db.session.add(late)
        db.session.flush()
        smaller = late.id
        db.session.delete(late)
        record_event(reader, listing.id, EventKind.VIEW, now=NOW - timedelta(seconds=1))
    trained(models)
    with transaction():
        # The number was drawn before the fit's newest, the row is seen after it.
        db.session.add(Event(id=smaller, account_id=reader.id, listing_id=listing.id, kind=EventKind.VIEW, at=NOW))
    assert folded(models, hours=1).events == 1


def test_who_has_switched_off_or_deleted_is_not_carried_along(shop: tuple[list[Listing], list[Account]], models: Path) -> None:
    trained(models)
    off, gone, stays = shop[1][:3]
    with transaction():
        for reader in (off, gone, stays):
            record_event(reader, shop[0][0].id, EventKind.PURCHASE, now=LATER)
    assert folded(models, hours=1).events == 3
    with transaction():
        set_personalised(off, False, now=LATER)
        delete_history(gone, now=LATER)
        record_event(gone, shop[0][1].id, EventKind.PURCHASE, now=LATER)
    assert folded(models, hours=2).events == 1


def test_after_deleting_the_history_the_reader_is_a_stranger_until_a_fit_without_it(
    shop: tuple[list[Listing], list[Account]], models: Path
) -> None:
    trained(models)
    reader = shop[1][0]
    with transaction():
        assert recommend(reader, "home", 10, now=LATER).personalised
        delete_history(reader, now=LATER)
        record_event(reader, shop[0][5].id, EventKind.PURCHASE, now=LATER)
    for hours in (1, 2):
        with transaction():
            mine, strangers = recommend(reader, "home", 10, now=LATER), recommend(None, "home", 10, now=LATER)
        assert not mine.personalised
        assert [row.id for row in mine.rows] == [row.id for row in strangers.rows]
        with transaction():
            record_event(shop[1][1], shop[0][hours].id, EventKind.PURCHASE, now=LATER)
        folded(models, hours=hours)
    fit = trained(models, hours=3)
    assert db.session.scalars(select(ForgottenHistory.gone_from_id)).all() == [fit.id]
    with transaction():
        answer = recommend(reader, "home", 10, now=LATER)
    assert answer.personalised
    assert [row.id for row, why in zip(answer.rows, answer.reasons, strict=True) if why == "bought_before"] == [shop[0][5].id]


def test_a_damaged_fit_leaves_the_model_before_it_and_says_so(shop: tuple[list[Listing], list[Account]], models: Path) -> None:
    fit = trained(models)
    with transaction():
        record_event(shop[1][0], shop[0][0].id, EventKind.VIEW, now=LATER)
    (models / fit.folder / "manifest.json").write_text("{}")
    with pytest.raises(ForeignModelError):
        fold_in(models, now=NOW + timedelta(hours=1), say=lambda _: None)
    failed = db.session.scalars(select(ModelVersion).filter_by(state=ModelState.FAILED)).one()
    assert (failed.kind, failed.failure) == (ModelKind.FOLD_IN, Failure.UNREADABLE)
    assert not (models / "folding").exists()


def test_before_the_first_fit_there_is_nothing_to_fold_into(models: Path) -> None:
    said: list[str] = []
    assert fold_in(models, now=NOW, say=said.append) is None
    assert said == ["  there is no model yet to fold anything into"]
    assert db.session.scalars(select(ModelVersion)).all() == []


@pytest.mark.parametrize(
    ("readers", "listings", "words"),
    [
        (0, 3, "nothing has been bought yet, so there is nothing to learn from"),
        (1, 3, "only one consumer has done anything yet, and one does not speak for all"),
        (3, 1, "only one listing has been looked at yet, so there is nothing to compare it with"),
    ],
)
def test_a_log_that_teaches_nothing_leaves_the_old_model_and_is_told_kindly(
    models: Path, readers: int, listings: int, words: str
) -> None:
    with transaction():
        _, people = fill(10, 10)
    good = trained(models)
    with transaction():
        for person in people:
            delete_history(person, now=NOW)
        shop = [factories.listing() for _ in range(listings)]
        for person in [factories.account() for _ in range(readers)]:
            for listing in shop:
                record_event(person, listing.id, EventKind.PURCHASE, now=NOW - timedelta(days=1))
    said: list[str] = []
    assert train(models, now=NOW, say=said.append) is None
    assert said == [f"  {words}"]
    failed = db.session.scalars(select(ModelVersion).order_by(ModelVersion.id.desc()).limit(1)).one()
    assert (failed.state, failed.failure) == (ModelState.FAILED, Failure.NOTHING_TO_LEARN)
    with transaction():
        recommend(None, "home", 3, now=NOW)
    assert db.session.scalars(select(ServedList.model_version_id)).all() == [good.id]


def test_three_models_are_kept_and_the_fit_that_they_come_from(shop: tuple[list[Listing], list[Account]], models: Path) -> None:
    first, second = trained(models), trained(models, minutes=1)
    made = []
    for hours in range(1, 5):
        with transaction():
            buy(shop[0], shop[1][:1], seed=hours, days=range(1))
        made.append(folded(models, hours=hours))
    assert {path.name for path in models.iterdir()} == {version.folder for version in [second, *made[1:]]}
    assert first.folder not in {path.name for path in models.iterdir()}


def test_two_trainings_of_the_same_log_give_the_same_bytes(shop: tuple[list[Listing], list[Account]], models: Path) -> None:
    first = trained(models)
    arrays = {path.name: path.read_bytes() for path in (models / first.folder).iterdir()}
    shutil.rmtree(models / first.folder)
    second = trained(models)
    assert {path.name: path.read_bytes() for path in (models / second.folder).iterdir()} == arrays


def test_where_consumers_live_is_learnt_from_their_last_purchase(
    shop: tuple[list[Listing], list[Account]], models: Path
) -> None:
    reader = shop[1][0]
    factories.area("522636")
    factories.area("510100")
    with transaction():
        for days_ago, area in ((9, "510100"), (2, "522636")):
            db.session.add(
                OrderGroup(
                    reference=f"NQ{days_ago}",
                    account_id=reader.id,
                    payment_method="bank_transfer",
                    total_fen=100,
                    recipient="x",
                    phone="1",
                    area_code=area,
                    address="x",
                    placed_at=NOW - timedelta(days=days_ago),
                )
            )
    state = model_of(models, trained(models)).state
    assert state.areas.values.tolist() == ["52"]
    assert np.flatnonzero(state.user_areas >= 0).tolist() == [state.users.number(reader.id)]
