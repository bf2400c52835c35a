"""What a farmer writes: the forms of a listing and of a harvest, and how they are read into the catalogue's words."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from flask_babel import gettext
from marshmallow import fields

from marketplace.catalogue.models import UNIT_GRAMS, Listing, Producer, Product, Temperature, Unit
from marketplace.catalogue.service import Offer
from marketplace.kernel.clock import local_day
from marketplace.kernel.errors import N_, DomainError
from marketplace.registry.queries import households_by_code
from marketplace.web.errors import message_of
from marketplace.web.forms import Amount, FormError, FormSchema, Text, Yuan
from marketplace.web.portals.producer_terms import FIELD_OF_CODE, PriceForm, WeighedForm, changed_terms, read_terms

# Dried goods keep for a year or two; an older day is a slip of the hand.
OLDEST_HARVEST = timedelta(days=730)
MOST_HOUSEHOLDS = 200
_DAY = {"required": N_("Please give the harvest day."), "invalid": N_("Please give a day, such as 2026-05-01.")}
_WHOLE = {"invalid": N_("Please enter a whole number.")}
_HOUSEHOLD_LINE = re.compile(r"([0-9]{16})[\s,，;；:：]+([0-9]{1,8})\s*(?:g|克)?")
# Where a refusal of the catalogue belongs on the form; what is not named here stands above it.
_FIELD_OF_CODE = {
    "title_invalid": "title_zh",
    "story_too_long": "story_zh",
    "price_invalid": "price",
    "unit_grams_invalid": "unit_grams",
    "delivers_to_invalid": "delivers_to",
    "quantity_invalid": "quantity",
    "quantity_step": "quantity",
    "harvest_in_future": "harvested_on",
    "contributions_invalid": "households",
    **FIELD_OF_CODE,
}


class WordsForm(PriceForm):
    """What can be changed of a listing that is there: its price and its words."""

    price = Yuan(required=True, error_messages={"required": N_("Please give the price.")})
    title_zh = Text(required=True, error_messages={"required": N_("Please give a name in Chinese.")})
    title_en = Text(load_default="")
    story_zh = Text(load_default="")
    story_en = Text(load_default="")
    delivers_to = Text(load_default=None)
    temperature = fields.Enum(Temperature, by_value=fields.String(), load_default=None)


class HarvestForm(FormSchema):
    """A harvest that goes on stock. ``households`` is written by cooperatives alone."""

    harvested_on = fields.Date(required=True, error_messages=_DAY)
    quantity = Amount(required=True, error_messages={"required": N_("Please say how much there is.")})
    households = Text(load_default="")


class ListingForm(WordsForm, WeighedForm, HarvestForm):
    """A new listing with its first harvest."""

    product = Text(required=True, error_messages={"required": N_("Please choose what it is.")})
    unit = fields.Enum(
        Unit,
        by_value=fields.String(),
        required=True,
        error_messages={"required": N_("Please choose a unit."), "unknown": N_("Please choose a unit.")},
    )
    unit_grams = fields.Integer(load_default=0, error_messages=_WHOLE)


def read_offer(form: Mapping[str, Any], products: Mapping[str, Product]) -> Offer:
    """A new listing's offer; the English title is the product's name where none was written."""
    product = products.get(form["product"])
    if product is None:
        raise FormError({"product": gettext("Please choose what it is.")})
    unit: Unit = form["unit"]
    terms = read_terms(form, unit)
    if unit not in UNIT_GRAMS and not form["unit_grams"] and terms.catch_weight is None:
        raise FormError({"unit_grams": gettext("Please say what one of them weighs.")})
    return Offer(
        product=product,
        title_zh=form["title_zh"],
        title_en=form["title_en"] or product.name_en,
        unit=unit,
        unit_grams=form["unit_grams"],
        price_fen=form["price"],
        story_zh=form["story_zh"],
        story_en=form["story_en"],
        delivers_to=form["delivers_to"],
        terms=terms,
        temperature=form["temperature"] or Temperature.AMBIENT,
    )


def changed_offer(form: Mapping[str, Any], listing: Listing) -> Offer:
    """The offer of a listing with new words and price. What it is and its unit stay: its stock is counted in them."""
    return Offer(
        product=listing.product,
        title_zh=form["title_zh"],
        title_en=form["title_en"] or listing.product.name_en,
        unit=Unit(listing.unit),
        unit_grams=listing.unit_grams,
        price_fen=form["price"],
        story_zh=form["story_zh"],
        story_en=form["story_en"],
        delivers_to=form["delivers_to"],
        terms=changed_terms(form, listing),
        temperature=form["temperature"] or Temperature(listing.temperature),
    )


def check_harvest_day(harvested_on: date, *, now: datetime) -> None:
    """Refuse a harvest of long ago; one of the future is refused by the catalogue."""
    if harvested_on < local_day(now) - OLDEST_HARVEST:
        raise FormError({"harvested_on": gettext("That harvest is too long ago to be sold as fresh.")})


def read_contributions(producer: Producer, form: Mapping[str, Any], unit_grams: int) -> dict[int, int]:
    """Whose grams a harvest holds: the producer's own household's, or those that a cooperative names line by line."""
    weight_g = int((form["quantity"] * unit_grams).quantize(Decimal(1), ROUND_HALF_UP))
    if producer.household_id is not None:
        if form["households"]:
            raise FormError({"households": gettext("Only a cooperative names households.")})
        return {producer.household_id: max(1, weight_g)}
    grams_by_code = _household_lines(form["households"])
    # Codes of other counties count as unknown, so that nobody can try out codes across the country.
    county_code = producer.area_code[:6]
    known = households_by_code(code for code in grams_by_code if code.startswith(county_code))
    for code in grams_by_code:
        if code not in known:
            raise _household_error(gettext("No household of your county has the code %(code)s.", code=code))
    if sum(grams_by_code.values()) < weight_g:
        raise _household_error(gettext("The households' grams add up to less than the harvest weighs."))
    return {known[code]: grams for code, grams in grams_by_code.items()}


def _household_lines(text: str) -> dict[str, int]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise _household_error(gettext("Please say which households the harvest comes from."))
    if len(lines) > MOST_HOUSEHOLDS:
        raise _household_error(gettext("Please name at most %(most)s households.", most=MOST_HOUSEHOLDS))
    found: dict[str, int] = {}
    for at, line in enumerate(lines, start=1):
        match = _HOUSEHOLD_LINE.fullmatch(line)
        if match is None or not int(match[2]):
            raise _household_error(
                gettext("Line %(line)s should be a code of 16 digits and grams, such as 5226361000010001 12000.", line=at)
            )
        if match[1] in found:
            raise _household_error(gettext("Line %(line)s names a household for the second time.", line=at))
        found[match[1]] = int(match[2])
    return found


def _household_error(message: str) -> FormError:
    return FormError({"households": message})


def messages_beside(error: DomainError, field_of_code: Mapping[str, str], names: set[str]) -> dict[str, str]:
    """As ``messages_by_field``, for a form whose refusals belong to fields of its own."""
    if error.code in field_of_code:
        return {field_of_code[error.code]: message_of(error)}
    return messages_by_field(error, names)


def messages_by_field(error: DomainError, names: set[str]) -> dict[str, str]:
    """What to write beside which field; '' is the form as a whole."""
    if isinstance(error, FormError):
        known = {name: message for name, message in error.fields.items() if name in names}
        if len(known) < len(error.fields):
            known[""] = gettext("This form has a field that does not belong to it.")
        return known
    return {_FIELD_OF_CODE.get(error.code, ""): message_of(error)}
