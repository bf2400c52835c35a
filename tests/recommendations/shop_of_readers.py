"""A shop with readers who have bought for twelve weeks, for tests that need something to learn from."""

from datetime import timedelta
from pathlib import Path

import numpy as np

from marketplace.catalogue.models import Listing
from marketplace.identity.models import Account
from marketplace.kernel.db import db
from marketplace.recommendations.models import Event, EventKind, ModelVersion
from marketplace.recommendations.training import train
from tests import factories
from tests.factories import NOW


def fill(listings: int = 40, readers: int = 30, seed: int = 1) -> tuple[list[Listing], list[Account]]:
    """Make listings, readers and their purchases inside the open transaction."""
    shop = [factories.listing(factories.producer(registered=at % 4 == 0), title_zh=f"苹果{at}号") for at in range(listings)]
    people = [factories.account() for _ in range(readers)]
    buy(shop, people, seed=seed)
    return shop, people


def buy(shop: list[Listing], people: list[Account], *, seed: int, days: range = range(1, 85, 4)) -> None:
    """Let each reader buy on these days before now what they like."""
    generator = np.random.default_rng(seed)
    for reader in people:
        taste = generator.choice(len(shop), size=6, replace=False)
        for days_ago in days:
            listing = shop[int(generator.choice(taste))]
            at = NOW - timedelta(days=days_ago)
            db.session.add(Event(account_id=reader.id, listing_id=listing.id, kind=EventKind.PURCHASE, at=at))
    db.session.flush()


def trained(models: Path, **moved: float) -> ModelVersion:
    """A model that is ready, trained ``moved`` (hours, days) after now."""
    version = train(models, now=NOW + timedelta(**moved), say=lambda _: None)
    assert version is not None
    return version
