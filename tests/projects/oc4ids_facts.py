"""What the standard for infrastructure projects says of the fields that we publish, as a table of our own.

Names, types and closed lists were read from the schemas of a project package and of a project, OC4IDS 0.9, in the repository
open-contracting/infrastructure (schema/project-level). No package on the package registry brings these files, and they are not
copied. A ``[]`` stands for each of a list.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
TYPES = {
    "uri": "uri",
    "version": "version",
    "publishedDate": "moment",
    "publisher.name": "text",
    "projects[].id": "text",
    "projects[].title": "text",
    "projects[].description": "text",
    "projects[].purpose": "text",
    "projects[].status": "status",
    "projects[].type": "type",
    "projects[].sector[]": "text",
    "projects[].period.startDate": "moment",
    "projects[].period.endDate": "moment",
    "projects[].locations[].id": "text",
    "projects[].locations[].description": "text",
    "projects[].budget.amount.amount": "number",
    "projects[].budget.amount.currency": "currency",
    "projects[].budget.approvalDate": "moment",
    "projects[].parties[].id": "text",
    "projects[].parties[].name": "text",
    "projects[].parties[].roles[]": "text",
    "projects[].publicAuthority.id": "text",
    "projects[].publicAuthority.name": "text",
    "projects[].completion.endDate": "moment",
    "projects[].completion.finalValue.amount": "number",
    "projects[].completion.finalValue.currency": "currency",
    "projects[].completion.finalValueDetails": "text",
}
# Lists to which nobody may add; of others only those that occur here.
CLOSED = {
    "status": ("identification", "preparation", "implementation", "completion", "completed", "cancelled"),
    "type": ("construction", "rehabilitation", "replacement"),
    "currency": ("CNY",),
}


def faults(package: Mapping[str, Any]) -> list[str]:
    """The paths of a package that the table does not know, or that have another type there."""
    return [path for path, value in _leaves("", package) if not _fits(TYPES.get(path, ""), value)]


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(f"{path}.{name}" if path else name, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(f"{path}[]", inner)
    else:
        yield path, value


def _fits(kind: str, value: Any) -> bool:
    if kind in CLOSED:
        return value in CLOSED[kind]
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if not isinstance(value, str) or not value:
        return False
    if kind == "moment":
        return _MOMENT.fullmatch(value) is not None and datetime.fromisoformat(value) is not None
    if kind == "uri":
        return value.startswith("https://")
    if kind == "version":
        return re.fullmatch(r"[0-9]+\.[0-9]+", value) is not None
    return kind == "text"
