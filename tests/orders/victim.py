"""Processes that live part of a purchase's life and die at a named place, as by ``kill -9``. Run by ``test_faults``.

One process reads lines from its standard input and forks a victim for each, so that the program is imported once; it answers
each line with the exit status.
"""

import os
import sys
import traceback
from pathlib import Path

from marketplace.config import Settings
from marketplace.kernel import steps
from marketplace.web.application import create_app
from tests.orders import paying_out
from tests.orders.purchases import LIVES, Basket, real_now
from tests.payments.double import collecting_by_running_double

DIED = 99
ALL_LIVES = {**LIVES, **paying_out.LIVES}


def live(url: str, data_dir: str, double: str, file: str, life: str, place: str, *names: str) -> None:
    """Live until the place."""
    app = create_app(Settings(database_url=url, data_dir=Path(data_dir), secret_key="of a victim"))
    account_id, account, basket, listing_id = names
    steps.arm(place, lambda: os._exit(DIED))
    with app.app_context(), collecting_by_running_double(Path(file), double) as running:
        ALL_LIVES[life](Basket(int(account_id), account, basket, int(listing_id)), running, real_now())


def main() -> None:
    """Fork a victim for each line."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                live(*line.split())
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
