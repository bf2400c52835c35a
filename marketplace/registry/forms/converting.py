"""A spreadsheet's rows become an XForm (ODK XForms specification) in a process of their own.

pyxform and ODK Validate run apart: they are large, are needed only when a form is published, and work on what others have sent;
so they get a time and a memory of their own, and their end is not ours (``converter`` is that process).
"""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass

from marketplace.kernel.errors import N_, Invalid
from marketplace.kernel.processes import ending_with_parent

_SECONDS = 120


@dataclass(frozen=True)
class Converted:
    """An XForm, what pyxform and ODK Validate warned of, and whether ODK Validate could look at it (it needs Java)."""

    xform: str
    warnings: list[str]
    validated: bool


def convert(sheets: dict[str, list[dict[str, str]]], *, validate: bool = True) -> Converted:
    """Convert the rows of an XLSForm's sheets, and have ODK Validate check the result where Java is present.

    Raises
    ------
    Invalid
        ``form_invalid`` when a tool refuses it; ``fault`` in its data is the tool's own words.
    """
    checked = validate and shutil.which("java") is not None
    order = json.dumps({"sheets": sheets, "validate": checked})
    command = [sys.executable, "-m", "marketplace.registry.forms.converter"]
    try:
        done = subprocess.run(
            command, input=order, capture_output=True, text=True, timeout=_SECONDS, check=False, preexec_fn=ending_with_parent()
        )
    except subprocess.TimeoutExpired:
        raise Invalid("form_invalid", N_("The form cannot be used: %(fault)s"), fault="timeout") from None
    if done.returncode != 0:
        raise RuntimeError(f"the converter of forms has stopped: {done.stderr[-2000:]}")
    answer = json.loads(done.stdout)
    if "fault" in answer:
        raise Invalid("form_invalid", N_("The form cannot be used: %(fault)s"), fault=answer["fault"])
    return Converted(answer["xform"], answer["warnings"], checked)
