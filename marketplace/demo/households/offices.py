"""The offices of the registry at five levels: an officer for each village, two for each township, county, city and province.

Where the registry asks for four eyes, there is a second person to look.
"""

from collections.abc import Iterable
from datetime import datetime

import numpy as np

from marketplace.demo.households.identities import GIVEN_NAMES, SURNAMES
from marketplace.identity.models import Account, Role, RoleKind
from marketplace.identity.service import create_account
from marketplace.kernel import ids
from marketplace.kernel.bulk import copy_rows, next_id, settle_ids
from marketplace.regions.codes import ancestor_codes

_UPPER_OFFICERS = 2


def login_of(area_code: str, nth: int = 1) -> str:
    """What an officer of an area signs in with: the first of Kala village with ``officer-522636100239-1``."""
    return f"officer-{area_code}-{nth}"


def add_officers(villages: Iterable[str], password: str, *, now: datetime, seed: int = 5) -> dict[str, list[int]]:
    """Open the accounts; answers the ids of the officers of each area, the villages' and all that hold them."""
    villages = sorted(villages)
    above = sorted({code for village in villages for code in ancestor_codes(village) if code and code != village}, key=_upper)
    offices = [(code, nth) for code in above for nth in range(1, _UPPER_OFFICERS + 1)] + [(code, 1) for code in villages]
    rng = np.random.default_rng(seed)
    names = [
        SURNAMES[surname] + GIVEN_NAMES[given]
        for surname, given in zip(
            rng.integers(0, len(SURNAMES), len(offices)), rng.integers(0, len(GIVEN_NAMES), len(offices)), strict=True
        )
    ]
    (code, nth), *others = offices
    first = create_account(login_of(code, nth), names[0], password, now=now, roles=[(RoleKind.OFFICER, code)])
    # All have the demo's one password, and to make its digest is meant to be slow: it is made once.
    digest, base = first.password_hash, next_id(Account)
    copy_rows(
        Account,
        ["id", "public_id", "login", "display_name", "password_hash", "active", "session_epoch", "created_at"],
        [
            (base + at, public_id, login_of(code, nth), name, digest, True, 0, now)
            for at, ((code, nth), name, public_id) in enumerate(
                zip(others, names[1:], ids.public_ids(len(others)), strict=True)
            )
        ],
    )
    copy_rows(
        Role,
        ["account_id", "kind", "scope_code"],
        [(base + at, RoleKind.OFFICER, code) for at, (code, _) in enumerate(others)],
    )
    settle_ids(Account)
    found: dict[str, list[int]] = {}
    for number, (code, _) in zip([first.id, *range(base, base + len(others))], offices, strict=True):
        found.setdefault(code, []).append(number)
    return found


def _upper(code: str) -> tuple[int, str]:
    return len(code), code
