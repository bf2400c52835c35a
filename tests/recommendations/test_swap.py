"""Fifty requests at once while a new model takes over: none fails, none mixes two, and the one before is let go."""

import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import create_engine, select, update

from marketplace.catalogue.models import Listing
from marketplace.identity.models import Account
from marketplace.identity.service import issue_token
from marketplace.kernel import clock, embedded_postgres
from marketplace.kernel.db import db, transaction
from marketplace.recommendations import loaded
from marketplace.recommendations.models import ModelState, ModelVersion, ServedList
from marketplace.recommendations.service import recommend
from recommender import Recommender
from tests import factories
from tests.factories import NOW
from tests.own_database import own_database
from tests.recommendations.shop_of_readers import buy, fill, trained

AT_ONCE = 50
# Only so that a fault ends the test; a busy machine takes long for two hundred requests.
PATIENCE_S = 300


@pytest.fixture
def app(database_server: embedded_postgres.Server, tmp_path: Path) -> Iterator[Flask]:
    """An application over a database of its own, with a shop to learn from and a policy."""
    with own_database(database_server, tmp_path, "swap") as app:
        with app.app_context(), transaction():
            fill(readers=AT_ONCE)
            factories.policy(exposure_share=0.4, guard=0.5)
        with app.app_context():
            # A connection for each that asks, because what is tested is the change of models and not the queue for one.
            db.engine.dispose()
            db._app_engines[app][None] = create_engine(app.config["SQLALCHEMY_DATABASE_URI"], pool_size=AT_ONCE + 5)
        yield app
        loaded.use_models_in(Path("var/models"))


def mapped(models: Path) -> set[str]:
    """The folders of models whose files this process has mapped."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return {Path(line.split(maxsplit=5)[5]).parent.name for line in lines if str(models) in line}


def test_fifty_requests_at_once_while_a_model_takes_over_none_fails_and_none_mixes(app: Flask, tmp_path: Path) -> None:
    models = tmp_path / "models"
    with app.app_context():
        first = trained(models).id
        with transaction():
            shop = list(db.session.scalars(select(Listing).order_by(Listing.id)))
            people = list(db.session.scalars(select(Account).order_by(Account.id)))
            # What makes the second model say something else of everything.
            buy(shop, people, seed=2)
            tokens = [issue_token(person, now=clock.now())[0] for person in people]
        second = trained(models, minutes=1).id
        # The second waits, as if its training had not ended.
        with transaction():
            db.session.execute(update(ModelVersion).filter_by(id=second).values(state=ModelState.TRAINING))
    loaded.use_models_in(models)
    everybody, ready = threading.Barrier(AT_ONCE + 1), threading.Event()

    def ask(token: str) -> list[int]:
        headers = {"Authorization": f"Bearer {token}"}

        def once() -> int:
            return app.test_client().get("/api/v1/recommendations", headers=headers).status_code

        try:
            before = once()
            everybody.wait(PATIENCE_S)
        except BaseException:
            # Nobody shall wait for somebody who will not come.
            everybody.abort()
            raise
        # The change comes with these, and after it there is one more.
        during = [once(), once()]
        ready.wait(PATIENCE_S)
        return [before, *during, once()]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        asking = [pool.submit(ask, token) for token in tokens]
        try:
            everybody.wait(PATIENCE_S)
            with app.app_context(), transaction():
                db.session.execute(update(ModelVersion).filter_by(id=second).values(state=ModelState.READY))
        finally:
            ready.set()
        assert [one.result() for one in asking] == [[200] * 4] * AT_ONCE
    with app.app_context():
        check_lists(models, {first, second})
    gc.collect()
    assert mapped(models) == {f"{second:06d}"}


def check_lists(models: Path, expected: set[int]) -> None:
    """Every list that was written down carries exactly the scores of the model it names."""
    lists = db.session.scalars(select(ServedList)).all()
    assert {row.model_version_id for row in lists} == expected
    assert len(lists) == 4 * AT_ONCE
    scores = {}
    for version in db.session.scalars(select(ModelVersion).where(ModelVersion.id.in_(expected))):
        model = Recommender.load(models / version.folder)
        people = sorted({row.account_id for row in lists if row.account_id is not None})
        items = model.state.items.values.tolist()
        scores[version.id] = dict(zip(people, model.relevance(people), strict=True)), {id_: at for at, id_ in enumerate(items)}
    for row in lists:
        of_reader, place = scores[row.model_version_id or 0]
        said = of_reader[row.account_id or 0][[place[listing] for listing in row.listing_ids]]
        # A shortlist adds its products up in another order than all relevances at once; another model says something else.
        np.testing.assert_allclose(row.relevance, said, rtol=1e-4)


def test_a_model_that_cannot_be_read_is_not_named_on_the_lists_of_the_one_before(app: Flask, tmp_path: Path) -> None:
    models = tmp_path / "models"
    with app.app_context():
        first = trained(models)
        loaded.use_models_in(models)
        with transaction():
            recommend(None, "home", 5, now=NOW)
        second = trained(models, minutes=1)
        (models / second.folder / "item_factors.npy").write_bytes(b"cut short")
        with transaction():
            assert len(recommend(None, "home", 5, now=NOW).rows) == 5
        assert db.session.scalars(select(ServedList.model_version_id)).all() == [first.id, first.id]


def test_going_back_by_hand_serves_the_model_before(app: Flask, tmp_path: Path) -> None:
    models = tmp_path / "models"
    with app.app_context():
        first, second = trained(models), trained(models, minutes=1)
        loaded.use_models_in(models)
        assert loaded.can_serve(second)
        # A request that had read the older version as the newest is served by the newer one.
        assert not loaded.can_serve(first)
        with transaction():
            db.session.execute(
                update(ModelVersion).filter_by(id=second.id).values(state=ModelState.FAILED, failure="unexpected")
            )
        assert loaded.can_serve(first)
