"""Papers that people send: PDF files, kept as they are and named by the SHA-256 of what is in them."""

import hashlib
import re
from pathlib import Path

from marketplace.kernel.errors import N_, Invalid, NotFound
from marketplace.kernel.files import store_whole

LARGEST_BYTES = 12 * 1024 * 1024
_NAME = re.compile(r"[0-9a-f]{64}")
# Readers forgive a little before the magic and after the end; we do not look further.
_BEGINS, _ENDS, _TAIL = b"%PDF-", b"%%EOF", 1024


def is_pdf(data: bytes) -> bool:
    """Whether bytes claim to be a PDF."""
    return data.startswith(_BEGINS)


def store_pdf(data: bytes, folder: Path) -> str:
    """Keep a PDF and answer its name. It is never opened here; who is given it downloads it.

    Raises
    ------
    Invalid
        ``document_too_heavy`` (more than 12 MB) or ``document_kind`` (does not begin and end as a PDF does).
    """
    if len(data) > LARGEST_BYTES:
        raise Invalid("document_too_heavy", N_("A file may have at most 12 MB."))
    if not is_pdf(data) or _ENDS not in data[-_TAIL:]:
        raise Invalid("document_kind", N_("Please choose a whole PDF file, or a picture."))
    name = hashlib.sha256(data).hexdigest()
    store_whole(data, document_path(name, folder))
    return name


def document_path(name: str, folder: Path) -> Path:
    """Where a PDF lies in a folder, whether it is there or not; ``NotFound`` for what cannot be a name."""
    if not _NAME.fullmatch(name):
        raise NotFound("document_unknown", N_("There is no such file."))
    return folder / name[:2] / f"{name[2:]}.pdf"
