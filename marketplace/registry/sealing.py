"""Sealing and opening what the file of a household keeps of its people, with the household's own key."""

import json
from collections.abc import Mapping
from typing import Any

from marketplace.kernel.privacy import blind_index, new_record_key, open_in_record, seal_in_record
from marketplace.registry.models import Household
from marketplace.registry.standard import BY_NAME


def key_of(household: Household) -> bytes:
    """The household's wrapped key, made with its first sealed value."""
    if household.record_key is None:
        household.record_key = new_record_key()
    return household.record_key


def seal_text(household: Household, text: str, place: str) -> bytes:
    """Text sealed for ``table.column`` of this household."""
    return seal_in_record(key_of(household), text, f"{place}:{household.public_id}")


def open_text(household: Household, sealed: bytes, place: str) -> str:
    """Open what ``seal_text`` sealed for the same place of the same household."""
    return open_in_record(key_of(household), sealed, f"{place}:{household.public_id}")


def seal_values(household: Household, values: Mapping[str, Any], place: str) -> bytes | None:
    """Values sealed as one JSON object; None for none."""
    return seal_text(household, json.dumps(dict(values), ensure_ascii=False), place) if values else None


def open_values(household: Household, sealed: bytes | None, place: str) -> dict[str, Any]:
    """The values of one JSON object; none for None."""
    return {} if sealed is None else json.loads(open_text(household, sealed, place))


def split(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values apart: those that may lie open, and those that must be sealed."""
    plain = {name: value for name, value in values.items() if not BY_NAME[name].sensitive}
    return plain, {name: value for name, value in values.items() if BY_NAME[name].sensitive}


def name_index(name: str) -> bytes:
    """The digest by which a person's whole name is found; spaces in it do not count."""
    return blind_index("".join(name.split()), "person.name")


def id_number_index(id_number: str) -> bytes:
    """The digest by which an identity card's number is found."""
    return blind_index(id_number, "person.id_number")
