"""Sealing the archive each minute, a copy each night, a drill each week."""

import logging

from marketplace.backups.queries import own_server
from marketplace.backups.service import back_up, hold_drill, seal_archive
from marketplace.kernel.jobs import job

_log = logging.getLogger(__name__)


@job("backups.seal", every="* * * * *", lock="backups.seal")
def seal_each_minute(timestamp: int) -> None:
    """Take the log further than the disk it is written on."""
    seal_archive()


@job("backups.base", every="0 18 * * *", lock="backups.base")
def back_up_nightly(timestamp: int) -> None:
    """Take a copy at two in the morning in China."""
    if own_server() is not None and (fault := back_up().fault):
        _log.error("no copy was taken: %s", fault)


@job("backups.drill", every="0 19 * * 6", lock="backups.drill")
def drill_weekly(timestamp: int) -> None:
    """Restore the newest copy on Sunday at three in the morning in China."""
    if own_server() is not None and not (held := hold_drill(say=_log.info)).good:
        _log.error("the copy did not come back as it was: %s", held.fault or ", ".join(held.differing))
