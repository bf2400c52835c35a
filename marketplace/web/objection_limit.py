"""How often somebody without an account may object, from one address: as often as a person would."""

import hashlib
from datetime import datetime

from marketplace.kernel.errors import N_, TooMany
from marketplace.kernel.limits import take_call
from marketplace.web.session import remote_address

# Somebody who objects needs one or two tries; a machine that fills forms needs more.
OBJECTIONS_A_MINUTE = 3


def count_objection(*, now: datetime) -> None:
    """Count one more try of whoever asks.

    Raises
    ------
    TooMany
        ``too_many_objections``.
    """
    caller = "objection:" + hashlib.sha256(remote_address().encode()).hexdigest()[:40]
    allowance = take_call(caller, OBJECTIONS_A_MINUTE, now=now)
    if allowance.retry_after_s:
        words = N_("Too many tries. Please try again in %(retry_after_s)s seconds.")
        raise TooMany("too_many_objections", words, retry_after_s=allowance.retry_after_s)
