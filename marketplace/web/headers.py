"""Headers of every answer, and pages made small for slow lines."""

import gzip
import io
import secrets

from flask import Flask, Response, current_app, request

_POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' data:",
        "style-src 'self'",
        "script-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'%s",
        "frame-ancestors 'none'",
    ]
)
_SMALLEST_WORTH_PACKING = 1_000
_PACKED_TYPES = {"text/html", "application/json", "application/problem+json", "text/csv"}


def _add_headers(response: Response) -> Response:
    # The order's form is answered by a redirect to the payment provider, which browsers hold to this rule as well.
    origin = current_app.extensions["settings"].pay_page_origin
    response.headers.setdefault("Content-Security-Policy", _POLICY % (f" {origin}" if origin else ""))
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = "camera=(self), geolocation=(self), microphone=()"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    # Pages carry somebody's basket and name, so no cache between may keep them.
    if response.mimetype != "text/css" and request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "private, no-store" if request.cookies else "private, no-cache")
    return response


def _pack(response: Response) -> Response:
    """Compress a page. A file name of random length inside keeps the size from telling what the page says (BREACH)."""
    if (
        response.mimetype not in _PACKED_TYPES
        or response.direct_passthrough
        or "Content-Encoding" in response.headers
        or "gzip" not in request.accept_encodings
        or len(body := response.get_data()) < _SMALLEST_WORTH_PACKING
    ):
        return response
    buffer = io.BytesIO()
    padding = "n" * secrets.randbelow(100)
    with gzip.GzipFile(filename=padding, mode="wb", compresslevel=4, fileobj=buffer, mtime=0) as packer:
        packer.write(body)
    response.set_data(buffer.getvalue())
    response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    return response


def wire(app: Flask) -> None:
    """Attach both to the application."""
    app.after_request(_pack)
    app.after_request(_add_headers)
