"""Who has looked at a file, in words for its household: the office, the moment and what was looked at."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _

from marketplace.kernel.errors import N_
from marketplace.regions.queries import area_names
from marketplace.registry import reading_log
from marketplace.registry.reading_log import Looked
from marketplace.web.places import place_name

_PARTS = {
    reading_log.FILE: N_("read the file"),
    reading_log.AS_OF: N_("read the file of an earlier day"),
    reading_log.MEMBER: N_("read about a member"),
    reading_log.PICTURE: N_("looked at a picture"),
    reading_log.SLIP: N_("printed this slip"),
    reading_log.EXPORT: N_("took the file along with those of the area"),
    reading_log.FORM: N_("opened the file to note something"),
    reading_log.NUMBERS: N_("read how poor the household is counted to be"),
    reading_log.MONEY: N_("looked at a payment of public money to the household"),
    reading_log.BENEFITS: N_("read what the household is entitled to"),
    reading_log.AUDIT: N_("visited the household, drawn by chance, for an audit from outside"),
    reading_log.NEED: N_("read what the household needs"),
    reading_log.RISK: N_("read which households to call on first"),
    reading_log.API: N_("read the file with a program"),
}
_A_PART = N_("read a part of the file")


def look_words(looks: Sequence[Looked]) -> list[dict[str, Any]]:
    """Each look with its office and what was done."""
    names = area_names(look.office for look in looks)
    return [
        {
            "at": look.at,
            "office": _("Office of %(area)s", area=place_name(names[look.office])) if look.office in names else _("An office"),
            "what": _(_PARTS.get(look.part, _A_PART)),
        }
        for look in looks
    ]
