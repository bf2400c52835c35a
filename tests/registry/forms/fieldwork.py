"""A province with its form, a village with a household, its officer, and submissions as ODK Collect writes them."""

import io
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import count
from typing import Any
from xml.sax.saxutils import escape

from PIL import Image

from marketplace.identity.models import Account
from marketplace.identity.service import issue_token
from marketplace.kernel.db import transaction
from marketplace.registry.forms.converting import Converted, convert
from marketplace.registry.forms.publishing import Prepared, publish
from marketplace.registry.forms.standard_form import MEMBERS, standard_form
from marketplace.registry.forms.workbook import sheets, workbook_bytes
from marketplace.registry.models import FormVersion
from tests import factories
from tests.registry import people

PROVINCE, FORM_ID, VERSION = "52", "household_52", "2026061501"
NOW = factories.NOW
_numbers = count(1)
# What a village officer answers where nothing else is said: every question that must be answered.
USUAL = {
    "kind": "general_poor",
    "main_cause": "illness",
    "dwelling_grade": "b",
    "water_source": "spring",
    "saw_house": "yes",
}


@lru_cache(maxsize=1)
def converted() -> Converted:
    """The standard's XForm, made once for the run."""
    return convert(sheets(standard_form(), FORM_ID, VERSION))


def standard(by: Account | None = None, begins_on: date = factories.TODAY) -> FormVersion:
    """The standard of the province, published."""
    by = by or people.officer(PROVINCE, "省干部")
    form = standard_form()
    prepared = Prepared(form, PROVINCE, FORM_ID, VERSION, workbook_bytes(form, FORM_ID, VERSION), converted())
    with transaction():
        return publish(prepared, by=by, begins_on=begins_on, now=NOW)


def instance_id() -> str:
    """A name that no other submission of the run has."""
    return f"uuid:00000000-0000-4000-8000-{next(_numbers):012d}"


def xml(
    household: str,
    answers: dict[str, Any] | None = None,
    members: tuple[dict[str, Any], ...] = (),
    *,
    name: str | None = None,
    seen: int | str = "",
    began: datetime = NOW - timedelta(minutes=25),
    ended: datetime = NOW - timedelta(minutes=2),
    version: str = VERSION,
    form_id: str = FORM_ID,
) -> bytes:
    """A filled-in standard form as ODK Collect writes it: grouped by section, empty questions as empty elements."""
    given = {"household": household, "seen": seen, **USUAL, **(answers or {})}
    parts = [f"<start>{began.isoformat()}</start><end>{ended.isoformat()}</end><deviceid>collect:abc</deviceid>"]
    for section in standard_form().sections:
        if section.name == MEMBERS:
            parts += [f"<{MEMBERS}>{_elements(section.questions, member)}</{MEMBERS}>" for member in members]
        else:
            parts.append(f"<{section.name}>{_elements(section.questions, given)}</{section.name}>")
    names = {question.name for _, question in standard_form().questions()}
    parts += [f"<{extra}>{escape(str(value))}</{extra}>" for extra, value in given.items() if extra not in names]
    meta = f"<orx:meta><orx:instanceID>{name or instance_id()}</orx:instanceID></orx:meta>"
    return (
        '<?xml version=\'1.0\' ?><data xmlns:h="http://www.w3.org/1999/xhtml" xmlns:orx="http://openrosa.org/xforms"'
        f' xmlns:jr="http://openrosa.org/javarosa" id="{form_id}" version="{version}">{"".join(parts)}{meta}</data>'
    ).encode()


def _elements(questions: tuple[Any, ...], answers: dict[str, Any]) -> str:
    return "".join(f"<{asked.name}>{escape(str(answers.get(asked.name, '')))}</{asked.name}>" for asked in questions)


def photo(seed: int = 0, *, size: tuple[int, int] = (640, 480), quality: int = 85) -> bytes:
    """A JPEG of stripes and blocks that differ with the seed."""
    image = Image.new("RGB", (9, 8))
    image.putdata([((seed * 7919 + at * at * 104_729 + at * seed * 31) % 251,) * 3 for at in range(72)])
    file = io.BytesIO()
    image.resize(size, Image.Resampling.NEAREST).save(file, "JPEG", quality=quality)
    return file.getvalue()


def token(of: Account, scopes: tuple[str, ...] = ("forms:read", "forms:write")) -> str:
    """A token for a phone."""
    with transaction():
        made, _ends = issue_token(of, now=datetime.now(tz=NOW.tzinfo), scopes=scopes or None, name="Phone")
    return made
