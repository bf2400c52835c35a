"""The process in which pyxform and ODK Validate run: an order on standard input, an answer on standard output, in JSON."""

import json
import resource
import sys
from typing import Any

from pyxform.errors import PyXFormError
from pyxform.validators import odk_validate
from pyxform.xls2xform import convert

_BYTES = 1024 * 1024 * 1024


def answer(order: dict[str, Any]) -> dict[str, Any]:
    """The XForm of an order with what was warned of, or why there is none."""
    warnings: list[str] = []
    try:
        made = convert(order["sheets"], warnings=warnings, validate=order["validate"])
    except (PyXFormError, odk_validate.ODKValidateError) as error:
        return {"fault": str(error)[:2000]}
    return {"xform": made.xform, "warnings": warnings}


if __name__ == "__main__":
    task = json.load(sys.stdin)
    if not task["validate"]:
        # Java reserves addresses far beyond what it uses, so the bound holds only where none is started.
        resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    json.dump(answer(task), sys.stdout)
