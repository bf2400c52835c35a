"""What looks odd, in words."""

from typing import Any

from flask_babel import gettext as _

from marketplace.catalogue.models import Producer, Suspicion
from marketplace.kernel.errors import N_
from marketplace.web.filters import grams
from marketplace.web.languages import pick

KINDS = {
    "listed_twice": (
        N_("One harvest listed twice?"),
        N_("The same %(grams)s of the same goods stand in two listings, %(days)s days apart."),
    ),
    "alike_parts": (
        N_("Members on paper?"),
        N_("%(households)s of %(brought)s households brought nearly the same to one lot, about %(grams)s each."),
    ),
    "equal_parts": (N_("Members on paper?"), N_("%(households)s households brought exactly %(grams)s each to one lot.")),
    "used_up": (N_("Filled up to the bound?"), N_("%(grams)s were brought, and there can be %(most_grams)s.")),
    "out_of_season": (N_("Out of season?"), N_("Harvested in week %(week)s, when such goods are not ripe here.")),
    "soon_after_entry": (
        N_("Much, soon after entry?"),
        N_("%(grams)s were brought within thirty days of entry, and there can be %(most_grams)s."),
    ),
    "swapped_grades": (
        N_("Another grade than was sold?"),
        N_("Of %(lines)s sales at the higher price, buyers called %(wrong)s other goods."),
    ),
}
_WEIGHTS = ("grams", "most_grams")


def shown_suspicion(row: Suspicion, producer: Producer) -> dict[str, Any]:
    """An oddity as the desks show it."""
    title, sentence = KINDS[row.kind]
    facts = {name: grams(value) if name in _WEIGHTS else value for name, value in row.facts.items()}
    return {
        "public_id": row.public_id,
        "words": _(title),
        "facts": _(sentence) % facts,
        "producer": pick(producer.name_zh, producer.name_en),
        "at": row.found_at,
    }
