"""Photos and certificates as pages show them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from marketplace.catalogue.certificates import ShownCertificate
from marketplace.catalogue.models import Certificate, CertificateKind, CertificateState, ListingPhoto
from marketplace.kernel.documents import is_pdf, store_pdf
from marketplace.kernel.errors import N_, Invalid
from marketplace.kernel.pictures import SIZES, Picture, read_picture, store_picture, width_at
from marketplace.web.languages import pick
from marketplace.web.uploads import documents_folder, pictures_folder

KIND_NAMES = {
    CertificateKind.GREEN: N_("Green food"),
    CertificateKind.ORGANIC: N_("Organic product"),
    CertificateKind.POLLUTION_FREE: N_("Pollution-free product"),
    CertificateKind.INDICATION: N_("Geographical indication"),
    CertificateKind.TEST_REPORT: N_("Test report"),
}


def photo_block(name: str, width: int, height: int, alt: str, *, external: bool = False) -> dict[str, Any]:
    """A photo as templates show it; ``width`` and ``height`` are those of its largest form."""
    addresses = {size: url_for("pictures.picture", name=name, size=size, _external=external) for size in SIZES}
    widths = {size: width_at(width, height, size) for size in SIZES}
    # A small picture is the same in several sizes, and a browser needs each width once.
    by_width = {widths[size]: addresses[size] for size in reversed(SIZES)}
    return {
        "src": addresses[800],
        "small": addresses[320],
        "large": addresses[1600],
        "srcset": ", ".join(f"{address} {pixels}w" for pixels, address in sorted(by_width.items())),
        "width": width,
        "height": height,
        "alt": alt,
    }


def card_photo(row: Any) -> dict[str, Any] | None:
    """The first photo of a row of ``catalogue.queries.card_columns``, or None for goods that are drawn."""
    return None if row.photo is None else shown_photo(row.photo)


def shown_photo(photo: Sequence[Any], *, external: bool = False) -> dict[str, Any]:
    """A photo from the JSON of the catalogue: name, width, height, both texts."""
    name, width, height, alt_zh, alt_en = photo
    return photo_block(name, width, height, pick(alt_zh, alt_en), external=external)


def gallery(photos: Sequence[ListingPhoto]) -> list[dict[str, Any]]:
    """All photos of a listing in their order."""
    return [
        {
            **photo_block(photo.name, photo.width, photo.height, pick(photo.alt_zh, photo.alt_en)),
            "public_id": photo.public_id,
            "alt_zh": photo.alt_zh,
            "alt_en": photo.alt_en,
        }
        for photo in photos
    ]


def read_sent_picture(file: FileStorage) -> Picture:
    """Read a picture that was sent and keep its files; a row that names it makes it somebody's."""
    picture = read_picture(file.stream.read())
    store_picture(picture, pictures_folder())
    return picture


def keep_paper(file: FileStorage) -> tuple[str, str]:
    """Keep a paper that was sent, a PDF or a picture; answers what it is and its name."""
    data = file.stream.read()
    if not data:
        raise Invalid("paper_missing", N_("Please add the paper as a picture or a PDF file."))
    if is_pdf(data):
        return "pdf", store_pdf(data, documents_folder())
    picture = read_picture(data)
    return "picture", store_picture(picture, pictures_folder())


def certificate_words(row: ShownCertificate) -> dict[str, Any]:
    """A certificate that counts, as the public reads it: what it says, from whom, until when."""
    name = pick(row.name_zh, row.name_en or "") if row.name_zh else None
    return {
        "kind": row.kind,
        "label": name or _(KIND_NAMES[CertificateKind(row.kind)]),
        "protected": name is not None,
        "number": row.number,
        "issuer": row.issuer,
        "valid_to": row.valid_to,
        "lot": row.lot.upper() if row.lot else None,
    }


def certificate_state(certificate: Certificate, day: date) -> tuple[str, str]:
    """How a certificate stands on a day, in words, and the tone of its chip."""
    if certificate.state == CertificateState.REFUSED:
        return _("Refused"), "bad"
    if certificate.valid_to < day:
        return _("Expired"), "neutral"
    if certificate.state == CertificateState.SUBMITTED:
        return _("Being looked at"), "wait"
    return _("Shown to buyers"), "good"


def sent_file(name: str) -> FileStorage | None:
    """The one file of a field, if one was chosen."""
    file = request.files.get(name)
    return file if file is not None and file.filename else None
