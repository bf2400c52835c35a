"""Portal: pictures of households, added on a phone and shown to officers of the area alone."""

from flask import Response, flash, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as WerkzeugResponse

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_, Invalid, NotFound
from marketplace.kernel.pictures import picture_path, read_picture
from marketplace.registry.file_pictures import SUBJECTS, add_picture, get_picture
from marketplace.registry.reading_log import PICTURE, note_reading
from marketplace.web.access import account, allow
from marketplace.web.portals.officer.files_frame import blueprint, seen_household
from marketplace.web.redirects import see_other
from marketplace.web.uploads import households_folder, sent_files, takes_files

# A picture in the file's list, and one that is opened: only the second counts as looking at a picture.
SMALL, LARGE = 320, 1600


@blueprint.post("/<public_id>/pictures")
@allow(RoleKind.OFFICER)
@takes_files(1)
def add(public_id: str) -> WerkzeugResponse:
    """Keep a picture. Its file is kept before the row that names it; one too many harms nobody."""
    household = seen_household(public_id)
    subject = request.form.get("subject", "")
    if subject not in dict(SUBJECTS):
        raise Invalid("subject_needed", N_("Please say what the picture shows."))
    files = sent_files("picture")
    if not files:
        raise Invalid("picture_empty", N_("Please choose a picture."))
    picture = read_picture(files[0].read())
    with transaction():
        add_picture(household, picture, subject, households_folder(), by=account(), now=clock.now())
    flash(_("The picture is in the file."), "success")
    return see_other(url_for("officer.files.file", public_id=public_id, _anchor="pictures"))


@blueprint.get("/<public_id>/pictures/<picture>-<int:size>.webp")
@allow(RoleKind.OFFICER)
def picture(public_id: str, picture: str, size: int) -> Response:
    """A picture of a household within the officer's areas; it stays in no cache."""
    with transaction():
        household = seen_household(public_id)
        row = get_picture(household, picture)
        path = picture_path(row.picture, size, households_folder())
        if size not in (SMALL, LARGE) or not path.is_file():
            raise NotFound("picture_unknown", N_("There is no such picture."))
        if size == LARGE:
            note_reading(household, account(), PICTURE, now=clock.now())
    response = Response(path.read_bytes(), mimetype="image/webp")
    response.headers["Cache-Control"] = "private, no-store"
    return response
