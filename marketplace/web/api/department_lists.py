"""Lists of departments for programs: tried out first, then compared; operations of the group *cases*."""

import csv
import io
from typing import Any

from flask_babel import gettext
from marshmallow import fields, validate

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import Invalid
from marketplace.registry.cases.comparison import COLUMNS, compare, try_out
from marketplace.registry.models import Department
from marketplace.web.access import account, area_in_scope
from marketplace.web.api.cases import blueprint
from marketplace.web.api.documents import BODY, only, problems
from marketplace.web.api.inputs import AREA, InputSchema, SearchText, Spelled
from marketplace.web.api.schemas import OutputSchema

_MOST_LINES = 2000


class ListLineSchema(InputSchema):
    """A line of a list: whose number, what the department has, and since which day."""

    id_number = SearchText(18, required=True)
    what = SearchText(200, required=True)
    since = SearchText(10, load_default="")


class DepartmentListIn(InputSchema):
    """A department's list. A call has at most 2,000 lines; of the numbers only digests are made, and none is kept."""

    area_code = Spelled(AREA, most=12, required=True)
    department = fields.String(required=True, validate=validate.OneOf([each.value for each in Department]))
    lines = fields.List(fields.Nested(ListLineSchema), required=True, validate=validate.Length(1, _MOST_LINES))


class ListTriedSchema(OutputSchema):
    """What comparing a list would find. Nothing was written."""

    rows = fields.Integer()
    matched = fields.Integer()


class ListComparedSchema(ListTriedSchema):
    """A list that was compared."""

    public_id = fields.String()
    alerts = fields.Integer(metadata={"description": "Raised by it; who has an open one already gets no second"})


class LinesError(Invalid):
    """Lines that cannot be read; ``data`` has a sentence for each, named as it stands in the body."""

    def __init__(self, error: Invalid) -> None:
        super().__init__(error.code, error.message)
        # The first line of the file has the columns.
        self.data = {f"lines.{line - 2}": str(gettext(words)) for line, words in error.data["lines"].items()}


def _content(given: dict[str, Any]) -> bytes:
    """The list as the file that an officer would send, so that both are known for the same list."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(given["lines"])
    return text.getvalue().encode()


@blueprint.post("/alerts/lists/trial")
@only(RoleKind.OFFICER)
@blueprint.arguments(DepartmentListIn)
@blueprint.response(200, ListTriedSchema)
@problems(404, *BODY)
def try_department_list(given: dict[str, Any]) -> dict[str, int]:
    """Try a list out: which lines cannot be read, and how many members of registered households stand on it."""
    area = area_in_scope(RoleKind.OFFICER, given["area_code"])
    try:
        rows, matched = try_out(_content(given), area, account(), now=clock.now())
    except Invalid as error:
        raise LinesError(error) from error
    return {"rows": rows, "matched": matched}


@blueprint.post("/alerts/lists")
@only(RoleKind.OFFICER)
@blueprint.arguments(DepartmentListIn)
@blueprint.response(201, ListComparedSchema)
@problems(404, 409, *BODY)
def compare_department_list(given: dict[str, Any]) -> dict[str, Any]:
    """Compare a list with who is registered. Alerts are raised for an officer to look at; nobody's status changes."""
    area = area_in_scope(RoleKind.OFFICER, given["area_code"])
    try:
        with transaction():
            found, alerts = compare(_content(given), Department(given["department"]), area, account(), now=clock.now())
            return {"public_id": found.public_id, "rows": found.rows, "matched": found.matched, "alerts": len(alerts)}
    except Invalid as error:
        raise LinesError(error) from error
