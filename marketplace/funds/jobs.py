"""Looking through public money, each night."""

from datetime import UTC, datetime

from marketplace.funds.looking import look_through, offices_with_money
from marketplace.kernel.db import transaction
from marketplace.kernel.jobs import job

ACTOR = "funds.look_through"


@job("funds.look_through", every="10 18 * * *", lock="funds.look_through")
def look_through_nightly(timestamp: int) -> None:
    """Look through the books of each office, each in a transaction of its own."""
    for area_code in offices_with_money():
        with transaction():
            look_through(area_code, actor=ACTOR, now=datetime.fromtimestamp(timestamp, UTC))
