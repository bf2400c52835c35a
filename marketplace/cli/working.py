"""Working off jobs."""

import logging

from marketplace.cli.root import application, cli
from marketplace.worker import run_worker


@cli.command()
def worker() -> None:
    """Work off jobs until interrupted."""
    logging.getLogger("marketplace").setLevel(logging.INFO)
    with application() as app:
        run_worker(app)
