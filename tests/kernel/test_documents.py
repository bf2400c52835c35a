"""Papers are kept as they are, and only where they look like whole PDF files of a bearable size."""

from pathlib import Path

import pytest

from marketplace.kernel.documents import document_path, store_pdf
from marketplace.kernel.errors import Invalid, NotFound

WHOLE = b"%PDF-1.7\n1 0 obj << >> endobj\n%%EOF\n"


def test_a_paper_is_kept_byte_for_byte_and_the_same_one_once(tmp_path: Path) -> None:
    name = store_pdf(WHOLE, tmp_path)
    assert store_pdf(WHOLE, tmp_path) == name
    assert [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()] == [WHOLE]
    assert document_path(name, tmp_path).read_bytes() == WHOLE


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"", "document_kind"),
        (WHOLE[:-7], "document_kind"),
        (b"\n" + WHOLE, "document_kind"),
        (b"<html>%%EOF", "document_kind"),
        (WHOLE + bytes(2000), "document_kind"),
        (b"%PDF-" + bytes(12 * 1024 * 1024) + b"%%EOF", "document_too_heavy"),
    ],
)
def test_what_is_no_whole_paper_is_refused_and_nothing_is_kept(sent: bytes, code: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        store_pdf(sent, tmp_path)
    assert (refused.value.code, list(tmp_path.iterdir())) == (code, [])


@pytest.mark.parametrize("name", ["../../etc/passwd", "AB" * 32, "ab" * 31])
def test_a_name_that_is_none_leads_nowhere(name: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        document_path(name, tmp_path)
