"""Pictures of households for programs of the office; operations of the group *files*."""

from typing import Any

from flask import Response
from marshmallow import fields, validate

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, NotFound
from marketplace.kernel.pictures import picture_path, read_picture
from marketplace.registry.file_pictures import SUBJECTS, add_picture, get_picture, pictures_of
from marketplace.registry.files import get_household_within
from marketplace.registry.models import HouseholdPicture
from marketplace.registry.reading_log import API, PICTURE, note_reading
from marketplace.web.access import account, office_reach
from marketplace.web.api.documents import BODY, only, problems
from marketplace.web.api.file_batches import blueprint
from marketplace.web.api.inputs import InputSchema
from marketplace.web.api.mandates import Base64
from marketplace.web.api.schemas import OutputSchema
from marketplace.web.uploads import households_folder, takes_files

_SUBJECTS = [value for value, _label in SUBJECTS]
# A third more than the picture itself, as Base64 makes it.
_LARGEST, _SHOWN = 17 * 1024 * 1024, 1600


class NewPictureIn(InputSchema):
    """A picture: JPEG, PNG or WebP up to 12 MB. What the camera noted of place and time is not kept."""

    picture = Base64(required=True, metadata={"description": "The file in Base64"})
    subject = fields.String(required=True, validate=validate.OneOf(_SUBJECTS))


class PictureSchema(OutputSchema):
    """A picture of a household."""

    public_id = fields.String()
    subject = fields.String(validate=validate.OneOf(_SUBJECTS))
    taken_on = fields.Date(allow_none=True)


class PicturesSchema(OutputSchema):
    """A household's pictures, newest first."""

    items = fields.List(fields.Nested(PictureSchema))


@blueprint.get("/<public_id:public_id>/pictures")
@only(RoleKind.OFFICER)
@blueprint.response(200, PicturesSchema)
@problems(404)
def household_pictures(public_id: str) -> dict[str, Any]:
    """Which pictures there are of a household. It sees that you have looked."""
    household = get_household_within(public_id, office_reach())
    with transaction():
        note_reading(household, account(), API, now=clock.now())
        return {"items": pictures_of(household)}


@blueprint.post("/<public_id:public_id>/pictures")
@only(RoleKind.OFFICER)
@takes_files(1, each=_LARGEST)
@blueprint.arguments(NewPictureIn)
@blueprint.response(201, PictureSchema)
@problems(404, *BODY)
def add_household_picture(given: dict[str, Any], public_id: str) -> HouseholdPicture:
    """Put a picture into a household's file."""
    household = get_household_within(public_id, office_reach())
    picture = read_picture(given["picture"])
    with transaction():
        return add_picture(household, picture, given["subject"], households_folder(), by=account(), now=clock.now())


@blueprint.get("/<public_id:public_id>/pictures/<public_id:picture>")
@only(RoleKind.OFFICER)
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="image/webp")
@problems(404)
def household_picture(public_id: str, picture: str) -> Response:
    """A picture of a household. It sees that you have looked at one."""
    household = get_household_within(public_id, office_reach())
    with transaction():
        row = get_picture(household, picture)
        path = picture_path(row.picture, _SHOWN, households_folder())
        if not path.is_file():
            raise NotFound("picture_unknown", N_("There is no such picture."))
        note_reading(household, account(), PICTURE, now=clock.now())
    response = Response(path.read_bytes(), mimetype="image/webp")
    response.headers["Cache-Control"] = "private, no-store"
    return response
