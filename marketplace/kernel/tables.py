"""Tables of text that people send, in one of the two encodings that their programs write."""


def decoded(data: bytes) -> str | None:
    """The text of a file in UTF-8, with or without a mark, or else GB 18030; ``None`` for what is neither.

    A spreadsheet saves in the national encoding unless it is told otherwise, and so do many banks.

    >>> decoded("\\ufeff金额".encode()), decoded("金额".encode("gb18030")), decoded(b"\\xff")
    ('金额', '金额', None)
    """
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
