"""Processes that live part of a purchase's life and die at a named place, as by ``kill -9``. Run by ``test_faults``.

One process reads lines from its standard input and forks a victim for each, so that the program is imported and warm once; it
answers each line with the exit status.
"""

import os
import sys
import traceback
from functools import cache
from pathlib import Path

from flask import Flask

from marketplace.config import Settings
from marketplace.kernel import steps
from marketplace.kernel.db import db
from marketplace.web.application import create_app
from tests.assistance import lives as helping
from tests.exchange import lives as exchanging
from tests.orders import contract_lives, paying_out
from tests.orders.purchases import LIVES, Basket, real_now
from tests.payments.double import collecting_by_running_double
from tests.projects import lives as building
from tests.registry.forms import lives
from tests.sourcing import lives as planning
from tests.transparency import lives as log_lives

DIED, NOWHERE = 99, "nowhere"
ALL_LIVES = {
    **LIVES,
    **paying_out.LIVES,
    **lives.LIVES,
    **log_lives.LIVES,
    **contract_lives.LIVES,
    **planning.LIVES,
    **building.LIVES,
    **helping.LIVES,
    **exchanging.LIVES,
}


@cache
def app_over(url: str, data_dir: str) -> Flask:
    """The application; whoever is forked opens connections of its own."""
    return create_app(Settings(database_url=url, data_dir=Path(data_dir), secret_key="of a victim"))


def live(app: Flask, double: str, file: str, life: str, place: str, *names: str) -> int:
    """Live until the place."""
    account_id, account, basket, listing_id = names
    steps.arm(place, lambda: os._exit(DIED))
    with app.app_context():
        with collecting_by_running_double(Path(file), double) as running:
            ALL_LIVES[life](Basket(int(account_id), account, basket, int(listing_id)), running, real_now())
        db.session.remove()
        db.engine.dispose()
    return 0


def die(app: Flask, *names: str) -> int:
    """Have a victim live; answers its exit status."""
    child = os.fork()
    if child == 0:
        try:
            live(app, *names)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    """Fork a victim for each line, but live what is cut off nowhere: the victims then find every statement compiled."""
    for line in sys.stdin:
        url, data_dir, *names = line.split()
        act = live if NOWHERE in names else die
        print(act(app_over(url, data_dir), *names), flush=True)


if __name__ == "__main__":
    main()
