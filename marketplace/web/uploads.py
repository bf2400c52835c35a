"""Files in forms and in calls: which views take them and how much, and sending stored ones out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask, Response, current_app, request, session
from werkzeug.datastructures import FileStorage

from marketplace.kernel.documents import document_path
from marketplace.kernel.errors import N_, NotFound
from marketplace.kernel.pictures import LARGEST_BYTES, picture_path

View = TypeVar("View", bound=Callable[..., Any])

_YEAR_S = 31_536_000
# What a form says besides its files.
_WORDS_BYTES = 64 * 1024


def takes_files(most: int, each: int = LARGEST_BYTES) -> Callable[[View], View]:
    """Let a view take a request of that many files; all others stay at the application's small limit."""

    def mark(view: View) -> View:
        view.largest_request = most * each + _WORDS_BYTES  # type: ignore[attr-defined]
        return view

    return mark


def sent_files(name: str) -> list[FileStorage]:
    """The files of a field; a field that was left empty is sent by browsers as a file without a name."""
    return [file for file in request.files.getlist(name) if file.filename]


def pictures_folder() -> Path:
    """Where this installation keeps its pictures."""
    folder: Path = current_app.extensions["settings"].data_dir / "pictures"
    return folder


def households_folder() -> Path:
    """Where pictures of households are kept: apart from those of goods, which the public may see."""
    folder: Path = current_app.extensions["settings"].data_dir / "households"
    return folder


def documents_folder() -> Path:
    """Where this installation keeps the papers people send."""
    folder: Path = current_app.extensions["settings"].data_dir / "documents"
    return folder


def send_pdf(name: str, download_name: str) -> Response:
    """A stored PDF to be saved, never to be opened in the page; for a caller that has checked who may see it."""
    path = document_path(name, documents_folder())
    if not path.is_file():
        raise NotFound("document_unknown", N_("There is no such file."))
    response = Response(path.read_bytes(), mimetype="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=download_name)
    response.headers["Cache-Control"] = "private, no-store"
    # Whatever a reader does with it, nothing of ours is in reach.
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def send_picture(name: str, size: int, *, public: bool) -> Response:
    """A stored picture, for a caller that has checked who may see it; ``NotFound`` where there is none.

    A name says what is in the file, so a public one never changes and any cache may keep it for good; another is kept by
    nobody but its reader.
    """
    path = picture_path(name, size, pictures_folder())
    if not path.is_file():
        raise NotFound("picture_unknown", N_("There is no such picture."))
    response = Response(path.read_bytes(), mimetype="image/webp")
    response.headers["Cache-Control"] = f"public, max-age={_YEAR_S}, immutable" if public else "private, max-age=3600"
    response.set_etag(f"{name}-{size}")
    return response.make_conditional(request)


def wire(app: Flask) -> None:
    """Raise the limit for the views that take files; to be wired before the first reader of a form.

    A form is read for its token before it is known who sends it, so whoever shows neither cookie nor token stays at the small
    limit.
    """

    @app.before_request
    def allow_files() -> None:
        largest = getattr(current_app.view_functions.get(request.endpoint or ""), "largest_request", None)
        known = "_user_id" in session or "Authorization" in request.headers
        if largest is not None and known:
            request.max_content_length = largest
