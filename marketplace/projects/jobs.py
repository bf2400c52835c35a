"""Counting deadlines again that were provisional, each night: holidays may have been announced since."""

from marketplace.kernel.db import transaction
from marketplace.kernel.jobs import job
from marketplace.projects.deadlines import recount_provisional


@job("projects.recount_deadlines", every="25 17 * * *", lock="projects.recount_deadlines")
def recount_deadlines(timestamp: int) -> None:
    """Run again it finds nothing that has changed."""
    with transaction():
        recount_provisional()
