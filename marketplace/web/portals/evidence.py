"""Portal: the picture of a household's consent, for the few who may see it."""

from pathlib import Path

from flask import Blueprint, Response, current_app, send_file

from marketplace.identity.mandates import get_mandate, mandate_unknown
from marketplace.identity.models import RoleKind
from marketplace.identity.queries import may_see
from marketplace.kernel.errors import N_, NotFound
from marketplace.kernel.pictures import picture_path
from marketplace.web.access import SIGNED_IN, account, allow
from marketplace.web.household_word import producer_of_mandate

blueprint = Blueprint("evidence", __name__, url_prefix="/mandates")

_SIZE = 800


def consents_folder() -> Path:
    """Where pictures of consent are kept: apart from those of goods, which the public may see."""
    folder: Path = current_app.extensions["settings"].data_dir / "consents"
    return folder


@blueprint.get("/<public_id>/evidence")
@allow(SIGNED_IN)
def picture(public_id: str) -> Response:
    """The picture, for the household itself, officers of its area and the operator; it stays in no cache."""
    mandate, reader = get_mandate(public_id), account()
    producer = producer_of_mandate(mandate)
    may = (
        producer.account_id == reader.id
        or may_see(reader, RoleKind.OFFICER, producer.area_code)
        or any(role.kind == RoleKind.OPERATOR for role in reader.roles)
    )
    if not may or not mandate.evidence_picture:
        raise mandate_unknown()
    path = picture_path(mandate.evidence_picture, _SIZE, consents_folder())
    if not path.is_file():
        raise NotFound("picture_unknown", N_("There is no such picture."))
    response = send_file(path, mimetype="image/webp")
    response.headers["Cache-Control"] = "private, no-store"
    return response
