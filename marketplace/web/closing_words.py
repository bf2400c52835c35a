"""What closing an account takes away and what stays, in words."""

from typing import Any

from flask_babel import gettext as _

from marketplace.fields.closing import OBSTACLES, obstacles
from marketplace.fields.register import entries
from marketplace.fields.words import GROUPS
from marketplace.identity.models import Account, AccountClosure
from marketplace.kernel.errors import N_

GOES = (
    N_("Your name, the name you sign in with, your password, codes and tokens."),
    N_("Phone number and e-mail address for notices, the weekly letter, and the messages we sent you."),
    N_("What you looked at, your basket, and what the market chose for you."),
    N_("The words and pictures of your reviews; the stars stay without a name."),
    N_("If you sell here: your goods leave the market, your bank account and all mandates end."),
)
STAYS = (
    N_("The books: the law has them kept for thirty years. They name a number and no person."),
    N_("Purchases with the name and address they went to, for four years after the purchase: claims can be made for so long."),
    N_("Who did what in the market’s trail, under a number; it cannot be altered."),
    N_("The file of a registered household. It is the government’s own; ask the village office to see or correct it."),
)


def goes() -> list[str]:
    """What is deleted."""
    return [_(words) for words in GOES]


def stays() -> list[str]:
    """What is kept, and why."""
    return [_(words) for words in STAYS]


def obstacle_words(account: Account) -> list[str]:
    """What has to end first."""
    return [_(OBSTACLES[name]) for name in obstacles(account)]


def proof_rows(closure: AccountClosure) -> list[dict[str, Any]]:
    """How many rows were deleted or emptied, by the groups of data that people are told of."""
    groups: dict[str, str] = {entry.table: entry.group for entry in entries() if entry.group}
    counted: dict[str, int] = {}
    for table, number in (closure.proof or {}).items():
        name = GROUPS[groups[table]].name if table in groups else N_("Your account")
        counted[name] = counted.get(name, 0) + number
    return [{"name": _(name), "number": number} for name, number in counted.items()]
