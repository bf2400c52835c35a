"""Pictures of what was found on a buyer's scales, as pages show them, and the words of a record."""

from typing import Any

from flask import url_for
from flask_babel import gettext as _

from marketplace.sourcing.models import AcceptanceRecord


def pictures_of(record: AcceptanceRecord) -> list[dict[str, Any]]:
    """The pictures of a record, small and large, for those who may see its part."""
    named = {"public_id": record.part.public_id, "number": record.number}
    return [
        {
            "small": url_for("acceptances.picture", at=at, size=320, **named),
            "large": url_for("acceptances.picture", at=at, size=1600, **named),
            "alt": _("Photo %(number)s of what was weighed", number=at),
        }
        for at in range(1, len(record.pictures) + 1)
    ]
