"""The nightly training, the hourly folding-in, and what the serving of lists needs from time to time."""

import logging
from datetime import UTC, datetime

from marketplace.kernel.clock import local_day
from marketplace.kernel.db import transaction
from marketplace.kernel.jobs import job
from marketplace.recommendations import loaded
from marketplace.recommendations.folding import fold_in
from marketplace.recommendations.partitions import ensure_partitions
from marketplace.recommendations.training import train

_log = logging.getLogger("marketplace.recommendations")


@job("recommendations.train", every="30 18 * * *", lock="recommendations.train")
def train_nightly(timestamp: int) -> None:
    """Train on everything that happened until now; half past two in the market, when nobody shops."""
    train(loaded.models_folder(), now=datetime.fromtimestamp(timestamp, UTC), say=_log.info)


@job("recommendations.fold_in", every="10 * * * *", lock="recommendations.fold_in")
def fold_in_hourly(timestamp: int) -> None:
    """Let new consumers, new listings and what was bought since the night reach the lists."""
    fold_in(loaded.models_folder(), now=datetime.fromtimestamp(timestamp, UTC), say=_log.info)


@job("recommendations.partitions", every="0 17 * * *", lock="recommendations.partitions")
def make_partitions(timestamp: int) -> None:
    """Make the coming months of served lists; each day, so that one missed day misses nothing."""
    with transaction():
        ensure_partitions(local_day(datetime.fromtimestamp(timestamp, UTC)))
