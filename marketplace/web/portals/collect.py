"""The shell of the web form that works without a line: a page, its service worker and its manifest. Nothing in it is anybody's.

The three are open to everybody, because a phone in the hills has no session: whose visits they are stands on the device
alone, sealed under a passphrase. What comes from the register comes from ``officer.collect``, with a session.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _

from marketplace.kernel.errors import N_, NotFound
from marketplace.web.access import PUBLIC, allow
from marketplace.web.collect_words import words
from marketplace.web.languages import LOCALES, choose_locale

blueprint = Blueprint("collect", __name__, url_prefix="/office/collect")

# Where a household's page and its edit page are; the shell cannot ask, for it has no line.
FILES = "/office/files"
_MODULES = ("app", "dom", "draft", "form", "home", "lock", "outbox", "photos", "rules", "vault")
_FOLDER = "js/collect"
_SHEETS = ("tokens", "theme", "components", "collect")
_PICTURES = ("icons.svg", "logo.svg", "collect.svg", "collect-192.png", "collect-512.png")


def shell_files() -> list[str]:
    """The addresses of all that the page needs beside itself."""
    fixed = [*(f"css/{name}.css" for name in _SHEETS), *_PICTURES]
    return [*(_asset(name) for name in fixed), *(_module(name) for name in _MODULES)]


@blueprint.get("")
@allow(PUBLIC)
def shell() -> Response:
    """The page, the same for everybody who reads its language."""
    response = Response(_shell(_language()), mimetype="text/html")
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@blueprint.get("/worker.js")
@allow(PUBLIC)
def worker() -> Response:
    """The service worker, with the list of what it keeps. Another byte of a file, another version, so all are kept anew."""
    language = _language()
    kept = {
        "version": _version(language),
        "shell": url_for("collect.shell"),
        "source": url_for("collect.shell", language=language),
        "files": shell_files(),
    }
    code = (_static() / _FOLDER / "worker.js").read_text(encoding="utf-8")
    response = Response(f"const KEPT = {json.dumps(kept)};\n{code}", mimetype="text/javascript")
    response.headers["Service-Worker-Allowed"] = url_for("collect.shell")
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/modules/<version>/<name>.mjs")
@allow(PUBLIC)
def module(version: str, name: str) -> Response:
    """A module under an address that changes with any of them: modules name each other by paths, which carry no version."""
    if name not in _MODULES:
        raise NotFound("page_unknown", N_("This page does not exist, or is not meant for you."))
    code = (_static() / _FOLDER / f"{name}.mjs").read_bytes()
    response = Response(code, mimetype="text/javascript")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if version == _modules_version() else "no-store"
    return response


@blueprint.get("/manifest.webmanifest")
@allow(PUBLIC)
def manifest() -> Response:
    """What a phone needs for its home screen. It is fetched without a cookie, so its address says the language."""
    language = _language()
    with force_locale(language):
        described: dict[str, Any] = {
            "id": url_for("collect.shell"),
            "name": _("Nongqiao collection"),
            "short_name": _("Collection"),
            "description": _("Fill in the household form at the door, with or without a line."),
        }
    icons = [
        {"src": _asset("collect.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
        *(
            {"src": _asset(f"collect-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": "any maskable"}
            for size in (192, 512)
        ),
    ]
    response = jsonify(
        {
            **described,
            "lang": language.replace("_", "-"),
            "start_url": url_for("collect.shell"),
            "scope": url_for("collect.shell"),
            "display": "standalone",
            "orientation": "portrait",
            "background_color": "#f6f2ea",
            "theme_color": "#2c6a3a",
            "icons": icons,
        }
    )
    response.mimetype = "application/manifest+json"
    response.headers["Cache-Control"] = "no-cache"
    return response


def _language() -> str:
    asked = request.args.get("language", "")
    return asked if asked in LOCALES else choose_locale()


def _shell(language: str) -> str:
    with force_locale(language):
        page: str = render_template("officer/collect.html", words=words(), language=language, files=FILES, app=_module("app"))
    return page


def _version(language: str) -> str:
    """A digest of all that is kept: the page names every file by an address that changes with its content."""
    code = (_static() / _FOLDER / "worker.js").read_bytes()
    return _digest_of(_shell(language).encode(), *(address.encode() for address in shell_files()), code)


def _modules_version() -> str:
    return _digest_of(*((_static() / _FOLDER / f"{name}.mjs").read_bytes() for name in _MODULES))


def _digest_of(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _static() -> Path:
    return Path(str(current_app.static_folder))


def _module(name: str) -> str:
    return url_for("collect.module", version=_modules_version(), name=name)


def _asset(name: str) -> str:
    address: str = current_app.jinja_env.globals["asset"](name)  # type: ignore[operator]
    return address
