"""Pictures that everybody may see, under addresses that never change their content."""

from flask import Blueprint, Response

from marketplace.catalogue.photos import is_photo_of, is_shown_to_all
from marketplace.kernel.errors import N_, NotFound
from marketplace.web.access import PUBLIC, account_or_none, allow
from marketplace.web.uploads import send_picture

blueprint = Blueprint("pictures", __name__)


@blueprint.get("/pictures/<name>-<int:size>.webp")
@allow(PUBLIC)
def picture(name: str, size: int) -> Response:
    """A photo of goods; of goods not yet on sale for their seller alone. Pictures of other kinds are not served here."""
    if is_shown_to_all(name):
        return send_picture(name, size, public=True)
    looker = account_or_none()
    if looker is not None and is_photo_of(name, looker.id):
        return send_picture(name, size, public=False)
    raise NotFound("picture_unknown", N_("There is no such picture."))
