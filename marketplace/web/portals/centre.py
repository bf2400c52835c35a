"""Portal: the data centre: copies and drills, what goes to other offices, and which data there are and where they come from."""

from typing import Any

from flask import Blueprint, flash, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from marketplace.backups import jobs as backup_jobs
from marketplace.backups.models import BaseBackup, RestoreDrill
from marketplace.backups.queries import latest_bases, latest_drills, standing
from marketplace.exchange.queries import StreamFigures, partner_figures, stream_figures
from marketplace.fields.lineage import DOMAINS, SOURCES, SPACES, DataSet, DataTable, by_source, catalogue
from marketplace.fields.words import READERS
from marketplace.identity.models import RoleKind
from marketplace.kernel import audit, clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import N_
from marketplace.kernel.jobs import enqueue, is_waiting
from marketplace.web.access import account, allow
from marketplace.web.forms import FormSchema, read_form
from marketplace.web.portals import centre_partners
from marketplace.web.redirects import see_other

blueprint = Blueprint("centre", __name__, url_prefix="/centre")
blueprint.register_blueprint(centre_partners.blueprint)

READING = (RoleKind.OFFICER, RoleKind.OPERATOR, RoleKind.AUDITOR)
_GOOD, _BAD = (N_("In order"), "good"), (N_("Failed"), "bad")


@blueprint.get("/")
@allow(*READING)
def show() -> str:
    """How copies, drills and deliveries stand."""
    now = clock.now()
    return render_template(
        "centre/centre.html",
        standing=standing(now=now),
        bases=[_base(base) for base in latest_bases()],
        drills=[_drill(drill) for drill in latest_drills()],
        streams=[_stream(stream) for stream in stream_figures()],
        partners=[
            {
                "name": figures.partner.name,
                "messages": figures.messages,
                "subscriptions": figures.subscriptions,
                "waiting": figures.waiting,
                "given_up": figures.given_up,
                "last_at": figures.last_at,
            }
            for figures in partner_figures()
        ],
        agrees=RoleKind.OFFICER in {role.kind for role in account().roles},
        operates=RoleKind.OPERATOR in {role.kind for role in account().roles},
        asked={"backup": is_waiting(backup_jobs.back_up_nightly), "drill": is_waiting(backup_jobs.drill_weekly)},
    )


def _chip(words: tuple[str, str]) -> tuple[str, str]:
    return _(words[0]), words[1]


def _base(base: BaseBackup) -> dict[str, Any]:
    return {
        "began_at": base.began_at,
        "state": _chip(_GOOD if base.fault is None else _BAD),
        "size": None if base.bytes is None else _("%(number)s MB", number=f"{base.bytes / 1e6:,.1f}"),
        "took": _("%(number)s s", number=f"{(base.ended_at - base.began_at).total_seconds():.0f}"),
        "note": base.fault,
    }


def _drill(drill: RestoreDrill) -> dict[str, Any]:
    note = drill.fault or (_("Different: %(tables)s", tables=", ".join(drill.differing)) if drill.differing else None)
    return {
        "began_at": drill.began_at,
        "state": _chip(_GOOD if drill.good else _BAD),
        "tables": drill.tables,
        "rows": drill.rows,
        "took": None if drill.restore_s is None else _("%(number)s s", number=drill.restore_s),
        "note": note,
    }


def _stream(figures: StreamFigures) -> dict[str, Any]:
    stream, receipt = figures.stream, figures.receipt
    failing = stream is not None and stream.last_error is not None
    if not figures.upwards:
        state = (_("Receiving"), "good")
    elif failing:
        state = (_("Interrupted"), "bad")
    else:
        state = (_("Waiting"), "wait") if figures.waiting else (_("All delivered"), "good")
    return {
        "name": figures.partner.name,
        "direction": _("upwards") if figures.upwards else _("from below"),
        "queued": figures.queued,
        "arrived": figures.arrived,
        "waiting": figures.waiting,
        "state": state,
        "receipt_at": None if receipt is None else receipt.at,
        "root": None if receipt is None else receipt.root.hex()[:16],
        "note": None if stream is None else stream.last_error,
    }


@blueprint.post("/backup")
@allow(RoleKind.OPERATOR)
def back_up_now() -> Response:
    """Have a copy taken by the next free worker."""
    return _ask(backup_jobs.back_up_nightly, "backup.asked", _("The copy is taken as soon as a worker is free."))


@blueprint.post("/drill")
@allow(RoleKind.OPERATOR)
def drill_now() -> Response:
    """Have the newest copy tried by the next free worker."""
    return _ask(backup_jobs.drill_weekly, "drill.asked", _("The drill begins as soon as a worker is free."))


def _ask(job: Any, verb: str, words: str) -> Response:
    read_form(FormSchema())
    now = clock.now()
    with transaction():
        enqueue(job, timestamp=int(now.timestamp()))
        audit.record(verb, "data_centre", "centre", actor=account().public_id, at=now)
    flash(words, "success")
    return see_other(url_for("centre.show"))


@blueprint.get("/data")
@allow(*READING)
def data() -> str:
    """Which data there are, where they come from, and what is made from them."""
    tables = catalogue()
    sets = by_source(tables)
    return render_template(
        "centre/data.html",
        spaces=[
            {
                "name": _(words),
                "sources": [
                    {"words": _(source.words), "there": source.there, "sets": [_set(one) for one in sets[key]]}
                    for key, source in SOURCES.items()
                    if source.space == space
                ],
            }
            for space, words in SPACES.items()
        ],
        derived=[_derived(table) for table in tables if table.made_from],
        missing=[_(source.words) for source in SOURCES.values() if not source.there],
        tables=len(tables),
        columns=sum(table.columns for table in tables),
        personal=sum(table.personal + table.sensitive for table in tables),
    )


def _set(found: DataSet) -> dict[str, Any]:
    readers = sorted({reader for table in found.tables for reader in table.readers})
    return {
        "name": _(DOMAINS[found.domain]),
        "tables": len(found.tables),
        "rows": found.rows,
        "personal": found.personal,
        "sensitive": sum(table.sensitive for table in found.tables),
        "readers": "、".join(_(READERS[reader]) for reader in readers),
    }


def _derived(table: DataTable) -> dict[str, Any]:
    return {"name": table.name, "made_from": ", ".join(table.made_from), "made_by": table.made_by, "rows": table.rows}
