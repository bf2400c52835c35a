"""Setting up a phone: a code that ODK Collect reads, with the address of the server and a token of the officer's own."""

import base64
import json
import zlib
from datetime import timedelta

import segno
from flask import Blueprint, render_template
from flask_babel import gettext as _

from marketplace.identity.models import RoleKind
from marketplace.identity.service import issue_token
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import Conflict
from marketplace.web.access import account, allow, scope_name
from marketplace.web.errors import message_of, status_of
from marketplace.web.forms import FormSchema, read_form
from marketplace.web.outside import outside_url
from marketplace.web.portals.openrosa import GROUP

blueprint = Blueprint("phones", __name__, url_prefix="/forms/phone")

LIFE = timedelta(days=180)
SCOPES = (scope_name(GROUP, "GET"), scope_name(GROUP, "POST"))


@blueprint.get("")
@allow(RoleKind.OFFICER)
def phone() -> str:
    """How a phone is set up; the code here has no token, which is typed on the phone."""
    return _page("")


@blueprint.post("")
@allow(RoleKind.OFFICER)
def make() -> str | tuple[str, int]:
    """Make a token for one phone and show it in the code, this once."""
    read_form(FormSchema())
    now = clock.now()
    try:
        with transaction():
            token, _until = issue_token(account(), now=now, scopes=SCOPES, name=_("Phone for forms"), life=LIFE)
    except Conflict as error:
        return _page("", message_of(error)), status_of(error)
    return _page(token)


def server_url() -> str:
    """What a phone is told as its server."""
    return outside_url("openrosa.form_list").removesuffix("/formList")


def collect_settings(url: str, login: str, token: str) -> str:
    """The settings as ODK Collect reads them from a code: JSON, deflated (RFC 1950), in base 64.

    An empty token leaves the phone to ask for it.
    """
    general = {
        "server_url": url,
        "username": login,
        "password": token,
        "form_update_mode": "match_exactly",
        "autosend": "wifi_and_cellular",
    }
    settings = {"general": general, "admin": {}, "project": {"name": "农桥", "icon": "农", "color": "#1f6f4a"}}
    packed = zlib.compress(json.dumps(settings, ensure_ascii=False, separators=(",", ":")).encode())
    return base64.b64encode(packed).decode()


def _page(token: str, fault: str = "") -> str:
    settings = collect_settings(server_url(), account().login, token)
    code = segno.make(settings, error="l", micro=False)
    return render_template(
        "officer/phone.html",
        code=code.svg_data_uri(scale=5, border=4, dark="#000", light="#fff"),
        server=server_url(),
        login=account().login,
        token=token,
        days=LIFE.days,
        fault=fault,
    )
