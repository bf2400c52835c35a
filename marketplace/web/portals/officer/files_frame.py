"""What all pages of household files share: the blueprint, how far an officer may reach, and the household of an address."""

from flask import Blueprint

from marketplace.kernel.errors import N_, NotFound
from marketplace.regions.codes import ancestor_codes
from marketplace.regions.models import Level
from marketplace.regions.queries import area_names
from marketplace.registry.files import get_household_within
from marketplace.registry.models import Household
from marketplace.web.access import office_reach
from marketplace.web.places import place_name

blueprint = Blueprint("files", __name__, url_prefix="/files")


def seen_household(public_id: str) -> Household:
    """The household of an address, within the officer's areas."""
    return get_household_within(public_id, office_reach())


def works_for_villages_alone() -> bool:
    """Whether the officer has no area above a village."""
    return all(len(area) >= Level.VILLAGE for area in office_reach().areas)


def place_words(village_code: str) -> str:
    """A village with its township, as people call them."""
    names = area_names(ancestor_codes(village_code)[-2:])
    return " · ".join(place_name(names[code]) for code in sorted(names))


def no_section() -> NotFound:
    """What is said of a part that no file has."""
    return NotFound("section_unknown", N_("A file has no such part."))
