"""How often one address may complain or try a code, without keeping which address that was.

Tries are counted under a keyed digest. The key is random, lives in this process alone and is gone with it, so that nobody can
work out afterwards from which address somebody has complained, not even with the whole database in hand.
"""

import hashlib
import hmac
import secrets
from datetime import datetime

from marketplace.kernel.errors import N_, TooMany
from marketplace.kernel.limits import take_call
from marketplace.web.session import remote_address

# Somebody who complains needs a few tries; a machine that fills forms or guesses codes needs more.
TRIES_A_MINUTE = 10
_KEY = secrets.token_bytes(32)


def count_try(*, now: datetime) -> None:
    """Count one more try of whoever asks.

    Raises
    ------
    TooMany
        ``too_many_complaints``.
    """
    caller = "complaint:" + hmac.new(_KEY, remote_address().encode(), hashlib.sha256).hexdigest()[:40]
    allowance = take_call(caller, TRIES_A_MINUTE, now=now)
    if allowance.retry_after_s:
        words = N_("Too many tries. Please try again in %(retry_after_s)s seconds.")
        raise TooMany("too_many_complaints", words, retry_after_s=allowance.retry_after_s)
