"""Tables of household files, and pairs of persons who may be one, for programs; operations of the group *files*."""

from typing import Any

from marshmallow import fields, validate

from marketplace.identity.models import RoleKind
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.jobs import enqueue
from marketplace.registry.duplicates.deciding import (
    PairShown,
    agree_same,
    get_pair,
    households_of,
    pairs_waiting,
    propose_same,
    say_different,
    shown_pair,
    take_back,
)
from marketplace.registry.importing.jobs import run_import_job
from marketplace.registry.importing.running import begin_import, check_import, drop_import, get_import, imports_of
from marketplace.registry.models import FileImport, How, ImportState, PairState
from marketplace.registry.reading_log import MEMBER, note_reading
from marketplace.web.access import account, office_reach
from marketplace.web.api.documents import BODY, only, problems
from marketplace.web.api.files import (
    blueprint,
)
from marketplace.web.api.inputs import InputSchema, PublicIdField, SearchText, WholeField, YesNoField
from marketplace.web.api.mandates import Base64
from marketplace.web.api.registry_schemas import FIRST_YEAR, HOWS, LAST_YEAR, RefusalIn
from marketplace.web.api.schemas import OutputSchema
from marketplace.web.registry_words import all_faults, sentence, table_words

_SEXES, _AT_MOST = ("male", "female"), 50


class TableIn(InputSchema):
    """A table, CSV or XLSX. A call has at most 256 kB; larger tables go through the office's page."""

    table = Base64(required=True, metadata={"description": "The file in Base64"})
    file_name = SearchText(120, load_default="table")
    how = fields.String(required=True, validate=validate.OneOf(HOWS))
    year = WholeField(FIRST_YEAR, LAST_YEAR, required=True)


class RunIn(InputSchema):
    """Whether the good rows shall be written although others are wrong."""

    good_rows_only = YesNoField(load_default=False)


class RowFaultSchema(OutputSchema):
    """What is wrong in a row."""

    line = fields.Integer()
    column = fields.String(metadata={"description": "Empty for the row as a whole"})
    message = fields.String()


class ImportSchema(OutputSchema):
    """An import and how far it has come."""

    public_id = fields.String()
    file_name = fields.String()
    state = fields.String(validate=validate.OneOf([state.value for state in ImportState]))
    at = fields.AwareDateTime()
    year = fields.Integer()
    rows = fields.Integer()
    good_rows = fields.Integer()
    households = fields.Integer()
    position = fields.Integer(metadata={"description": "Households written"})
    counts = fields.Dict(keys=fields.String(), values=fields.Integer())
    faults = fields.List(fields.Nested(RowFaultSchema))


class ImportsSchema(OutputSchema):
    """Your newest imports, at most twenty."""

    items = fields.List(fields.Nested(ImportSchema))


class SideSchema(OutputSchema):
    """One person of a pair, with name and number masked."""

    person = fields.String()
    file = fields.String(attribute="household", metadata={"description": "The public id of their household's file"})
    code = fields.String(attribute="household_code")
    village_code = fields.String()
    name = fields.String()
    id_number = fields.String(allow_none=True)
    birth_year = fields.Integer()
    sex = fields.String(validate=validate.OneOf(_SEXES))
    relation = fields.String()
    leaves = fields.Boolean()


class PairSchema(OutputSchema):
    """Two persons who may be one. A side outside your areas is null, and then nothing is said of how near they are."""

    public_id = fields.String()
    state = fields.String(validate=validate.OneOf([state.value for state in PairState]))
    score = fields.Float(metadata={"description": "The probability that they are one person"})
    why = fields.Dict(keys=fields.String(), values=fields.String())
    first = fields.Nested(SideSchema, allow_none=True)
    second = fields.Nested(SideSchema, allow_none=True)
    mine = fields.Boolean(metadata={"description": "Whether you have proposed that they are one"})
    note = fields.String()


class PairsSchema(OutputSchema):
    """The pairs that wait, likeliest first, at most fifty."""

    items = fields.List(fields.Nested(PairSchema))


class PairNoteIn(InputSchema):
    """What is said of a pair."""

    note = SearchText(400, load_default="")


class PairSameIn(RefusalIn):
    """Who of the two leaves, and why."""

    leaves = PublicIdField(required=True)


def _shown(found: FileImport) -> dict[str, Any]:
    return {
        **{name: getattr(found, name) for name in ImportSchema().fields if name != "faults"},
        "faults": [{**fault, "message": sentence(fault)} for fault in all_faults(found)],
    }


@blueprint.get("/imports")
@only(RoleKind.OFFICER)
@blueprint.response(200, ImportsSchema)
def file_imports() -> dict[str, Any]:
    """Your own imports, newest first."""
    return {"items": [_shown(found) for found in imports_of(account())]}


@blueprint.post("/imports")
@only(RoleKind.OFFICER)
@blueprint.arguments(TableIn)
@blueprint.response(201, ImportSchema)
@problems(*BODY)
def check_file_import(given: dict[str, Any]) -> dict[str, Any]:
    """Check a table of household files, one row for each person. Of the files nothing is changed."""
    words = table_words()
    with transaction():
        found = check_import(
            given["table"],
            words,
            file_name=given["file_name"],
            by=account(),
            how=How(given["how"]),
            year=given["year"],
            now=clock.now(),
        )
    return _shown(found)


@blueprint.get("/imports/<public_id:public_id>")
@only(RoleKind.OFFICER)
@blueprint.response(200, ImportSchema)
@problems(404)
def file_import(public_id: str) -> dict[str, Any]:
    """One of your imports, and how far it has come."""
    return _shown(get_import(public_id, account()))


@blueprint.post("/imports/<public_id:public_id>/run")
@only(RoleKind.OFFICER)
@blueprint.arguments(RunIn)
@blueprint.response(202, ImportSchema)
@problems(404, 409, *BODY)
def run_file_import(given: dict[str, bool], public_id: str) -> dict[str, Any]:
    """Have a checked table written by a worker; again, it is only taken up. `rows_wrong` (422) unless good rows do."""
    with transaction():
        found = get_import(public_id, account(), lock=True)
        begin_import(found, good_rows_only=given["good_rows_only"], by=account(), now=clock.now())
        enqueue(run_import_job, import_id=found.id)
    return _shown(found)


@blueprint.post("/imports/<public_id:public_id>/drop")
@only(RoleKind.OFFICER)
@blueprint.response(200, ImportSchema)
@problems(404, 409)
def drop_file_import(public_id: str) -> dict[str, Any]:
    """Forget the rows of a table that was checked and shall not be written."""
    with transaction():
        found = get_import(public_id, account(), lock=True)
        drop_import(found, by=account().public_id, now=clock.now())
    return _shown(found)


@blueprint.get("/duplicates")
@only(RoleKind.OFFICER)
@blueprint.response(200, PairsSchema)
def duplicate_pairs() -> dict[str, list[PairShown]]:
    """Persons of your areas who may stand on file twice."""
    return {"items": pairs_waiting(office_reach(), account(), limit=_AT_MOST)}


@blueprint.get("/duplicates/<public_id:public_id>")
@only(RoleKind.OFFICER)
@blueprint.response(200, PairSchema)
@problems(404)
def duplicate_pair(public_id: str) -> PairShown:
    """One pair. That you have read of those in your areas is written down."""
    reach, now = office_reach(), clock.now()
    with transaction():
        for household in households_of(get_pair(public_id, reach)):
            if reach.holds(household.village_code):
                note_reading(household, account(), MEMBER, now=now)
        return shown_pair(public_id, reach, account())


@blueprint.post("/duplicates/<public_id:public_id>/different")
@only(RoleKind.OFFICER)
@blueprint.arguments(PairNoteIn)
@blueprint.response(200, PairSchema)
@problems(404, 409, *BODY)
def duplicate_different(given: dict[str, str], public_id: str) -> PairShown:
    """They are two persons; nobody is asked again. `pair_not_whole` (403) where one lies outside your areas."""
    with transaction():
        say_different(public_id, office_reach(), by=account(), now=clock.now(), note=given["note"])
        return shown_pair(public_id, office_reach(), account())


@blueprint.post("/duplicates/<public_id:public_id>/same")
@only(RoleKind.OFFICER)
@blueprint.arguments(PairSameIn)
@blueprint.response(200, PairSchema)
@problems(404, 409, *BODY)
def duplicate_same(given: dict[str, str], public_id: str) -> PairShown:
    """Propose that they are one person, of whom one leaves the file when a second officer agrees."""
    with transaction():
        propose_same(public_id, given["leaves"], office_reach(), by=account(), now=clock.now(), note=given["note"])
        return shown_pair(public_id, office_reach(), account())


@blueprint.post("/duplicates/<public_id:public_id>/agree")
@only(RoleKind.OFFICER)
@blueprint.response(200, PairSchema)
@problems(404, 409)
def duplicate_agree(public_id: str) -> PairShown:
    """Agree that they are one person, as the second officer; `own_proposal` (403) for the first."""
    with transaction():
        agree_same(public_id, office_reach(), by=account(), now=clock.now())
        return shown_pair(public_id, office_reach(), account())


@blueprint.post("/duplicates/<public_id:public_id>/back")
@only(RoleKind.OFFICER)
@blueprint.response(200, PairSchema)
@problems(404, 409)
def duplicate_back(public_id: str) -> PairShown:
    """Send a proposal back, to be decided anew."""
    with transaction():
        take_back(public_id, office_reach(), by=account(), now=clock.now())
        return shown_pair(public_id, office_reach(), account())
