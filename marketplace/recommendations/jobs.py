"""The nightly training and the hourly folding-in."""

import logging
from datetime import UTC, datetime

from marketplace.kernel.jobs import job
from marketplace.recommendations import serving
from marketplace.recommendations.folding import fold_in
from marketplace.recommendations.training import train

_log = logging.getLogger("marketplace.recommendations")


@job("recommendations.train", every="30 18 * * *", lock="recommendations.train")
def train_nightly(timestamp: int) -> None:
    """Train on everything that happened until now; half past two in the market, when nobody shops."""
    train(serving.models_folder(), now=datetime.fromtimestamp(timestamp, UTC), say=_log.info)


@job("recommendations.fold_in", every="10 * * * *", lock="recommendations.fold_in")
def fold_in_hourly(timestamp: int) -> None:
    """Let new consumers, new listings and what was bought since the night reach the lists."""
    fold_in(serving.models_folder(), now=datetime.fromtimestamp(timestamp, UTC), say=_log.info)
