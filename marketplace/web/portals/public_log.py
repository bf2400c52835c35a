"""Portal: the public log's heads and keys, how to check a slip, and what the log proves and does not."""

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, render_template, request
from marshmallow import EXCLUDE, fields, validate

from marketplace.kernel.errors import N_, NotFound
from marketplace.transparency.heads import text_of
from marketplace.transparency.models import TreeHead
from marketplace.transparency.queries import consistency, find_head, newest_head, newest_heads, published_keys
from marketplace.web.access import PUBLIC, allow
from marketplace.web.forms import FormSchema, read_form

blueprint = Blueprint("public_log", __name__, url_prefix="/log")

_SLIP_SCRIPT = Path(__file__).resolve().parents[3] / "docs" / "check_slip.py"
_SHOWN = 30
_LARGEST = 2**62


class OlderQuery(FormSchema):
    """Heads of a smaller log than this."""

    class Meta:
        """Leave alone what others add to links."""

        unknown = EXCLUDE

    before = fields.Integer(
        load_default=None,
        validate=validate.Range(1, _LARGEST),
        error_messages={"invalid": N_("Please enter a whole number.")},
    )


@blueprint.get("")
@allow(PUBLIC)
def heads() -> str:
    """The newest signed heads, the keys, and the words."""
    shown = newest_heads(limit=_SHOWN + 1, before_size=read_form(OlderQuery(), request.args)["before"])
    return render_template(
        "public/log.html",
        heads=[{"size": head.size, "at": head.at, "root": head.root.hex()} for head in shown[:_SHOWN]],
        older=shown[_SHOWN - 1].size if len(shown) > _SHOWN else None,
        keys=[{"number": key.number, "key": key.public_key.hex(), "since": key.first_used_at} for key in published_keys()],
    )


@blueprint.get(f"/heads/<int(min=1, max={_LARGEST}):size>")
@allow(PUBLIC)
def head(size: int) -> str:
    """One head as it was signed, and the proof that the newest tree begins with its."""
    found, newest = find_head(size), newest_head()
    if found is None or newest is None:
        raise NotFound("head_unknown", N_("No head of that size has been published."))
    return render_template("public/log_head.html", head=_told(found), newest=_told(newest), proof=_proof(size, newest))


def _told(head: TreeHead) -> dict[str, Any]:
    return {"size": head.size, "at": head.at, "text": text_of(head), "signature": head.signature.hex()}


def _proof(size: int, newest: TreeHead) -> list[str]:
    return [one.hex() for one in consistency(size, newest.size)]


@blueprint.get("/check_slip.py")
@allow(PUBLIC)
def script() -> Response:
    """The program that checks a slip offline."""
    response = Response(_SLIP_SCRIPT.read_bytes(), mimetype="text/x-python")
    response.headers["Content-Disposition"] = "attachment; filename=check_slip.py"
    return response
