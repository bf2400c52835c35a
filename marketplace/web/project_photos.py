"""Pictures of projects, for who may read the project; they stay in no cache."""

from flask import Response

from marketplace.kernel.errors import N_, NotFound
from marketplace.kernel.pictures import picture_path
from marketplace.projects.models import Project
from marketplace.projects.queries import get_photo
from marketplace.web.uploads import households_folder

_SHOWN = 800


def photo_of(project: Project, public_id: str) -> Response:
    """A picture of a project, as an answer.

    Raises
    ------
    NotFound
        ``picture_unknown``.
    """
    path = picture_path(get_photo(project, public_id).picture, _SHOWN, households_folder())
    if not path.is_file():
        raise NotFound("picture_unknown", N_("There is no such picture."))
    response = Response(path.read_bytes(), mimetype="image/webp")
    response.headers["Cache-Control"] = "private, no-store"
    return response
