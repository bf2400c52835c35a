"""The data centre for programs: copies, drills and deliveries, and the catalogue of data."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from marketplace.backups.queries import latest_bases, latest_drills, standing
from marketplace.exchange.agreeing import partners_within
from marketplace.exchange.models import ExchangePartner, PartnerKind
from marketplace.exchange.queries import StreamFigures, stream_figures
from marketplace.fields.lineage import SOURCES, DataTable, catalogue
from marketplace.identity.models import RoleKind
from marketplace.identity.queries import accounts_by_id
from marketplace.kernel import clock
from marketplace.web.access import account
from marketplace.web.api.documents import ApiBlueprint, only, problems
from marketplace.web.api.inputs import InputSchema, PublicIdField, QueryNumber
from marketplace.web.api.schemas import OutputSchema
from marketplace.web.portals.centre import READING

blueprint: Blueprint = ApiBlueprint("api-centre", __name__, url_prefix="/api/v1/centre", description="The data centre")


class CentreBackupSchema(OutputSchema):
    """A copy; `fault` says why there is none."""

    began_at = fields.AwareDateTime()
    ended_at = fields.AwareDateTime()
    bytes = fields.Integer(allow_none=True)
    fault = fields.String(allow_none=True)


class CentreDrillSchema(OutputSchema):
    """A restore with its comparison; `differing` names tables that were not the same."""

    began_at = fields.AwareDateTime()
    ended_at = fields.AwareDateTime()
    tables = fields.Integer(allow_none=True)
    rows = fields.Integer(allow_none=True)
    differing = fields.List(fields.String())
    fault = fields.String(allow_none=True)
    good = fields.Boolean()


class CentreStreamSchema(OutputSchema):
    """Events to the level above or from one below; `root` of the last receipt."""

    name = fields.String()
    upwards = fields.Boolean()
    queued = fields.Integer()
    arrived = fields.Integer()
    root = fields.String(allow_none=True)
    last_error = fields.String(allow_none=True)


class CentreSchema(OutputSchema):
    """How the data centre stands."""

    managed = fields.Boolean(metadata={"description": "Whether somebody else keeps the database and takes its copies"})
    bases = fields.Integer()
    log_files = fields.Integer()
    waiting = fields.Integer()
    bytes = fields.Integer()
    late_base = fields.Boolean()
    late_drill = fields.Boolean()
    backups = fields.List(fields.Nested(CentreBackupSchema))
    drills = fields.List(fields.Nested(CentreDrillSchema))
    streams = fields.List(fields.Nested(CentreStreamSchema))


class CentrePartnerSchema(OutputSchema):
    """A system of another office that takes part; of a department, how far it sees and for what it may ask."""

    public_id = fields.String()
    kind = fields.String(validate=validate.OneOf([kind.value for kind in PartnerKind]))
    sender_id = fields.String()
    name = fields.String()
    area_code = fields.String(allow_none=True)
    url = fields.String(metadata={"description": "Where answers and events are brought; empty for one that is never called"})
    asks_through = fields.String(allow_none=True, metadata={"description": "The login of the officer it asks through"})
    purposes = fields.List(fields.String())
    key = fields.String(metadata={"description": "The public key (Ed25519) that it signs with, in hexadecimal digits"})
    since = fields.AwareDateTime()
    suspended_at = fields.AwareDateTime(allow_none=True)


class CentrePartnersQuerySchema(InputSchema):
    """Which page of the partners."""

    after = PublicIdField(metadata={"description": "`next` of the page before"})
    limit = QueryNumber(1, 100, load_default=100)


class CentrePartnerPageSchema(OutputSchema):
    """A page of partners, by name."""

    items = fields.List(fields.Nested(CentrePartnerSchema))
    next = fields.String(allow_none=True, metadata={"description": "`after` of the next page; null behind the last"})


class DataSourceSchema(OutputSchema):
    """Where data come from; one that should be there and is not has `there` false."""

    key = fields.String()
    space = fields.String()
    there = fields.Boolean()


class DataTableSchema(OutputSchema):
    """A table: its source, what it refers to, and of one that the program makes, from what and by what."""

    name = fields.String()
    domain = fields.String()
    source = fields.String()
    purpose = fields.String()
    columns = fields.Integer()
    personal = fields.Integer()
    sensitive = fields.Integer()
    readers = fields.List(fields.String())
    keep = fields.String()
    refers_to = fields.List(fields.String())
    made_from = fields.List(fields.String())
    made_by = fields.String()
    rows = fields.Integer(allow_none=True, metadata={"description": "The server’s estimate"})


class DataCatalogueSchema(OutputSchema):
    """Every source and every table."""

    sources = fields.List(fields.Nested(DataSourceSchema))
    tables = fields.List(fields.Nested(DataTableSchema))


@blueprint.get("")
@only(*READING)
@blueprint.response(200, CentreSchema)
def centre() -> dict[str, Any]:
    """How copies, drills and deliveries stand."""
    found = standing(now=clock.now())
    return {
        **vars(found),
        "backups": latest_bases(),
        "drills": latest_drills(),
        "streams": [_stream(stream) for stream in stream_figures()],
    }


def _stream(figures: StreamFigures) -> dict[str, Any]:
    return {
        "name": figures.partner.name,
        "upwards": figures.upwards,
        "queued": figures.queued,
        "arrived": figures.arrived,
        "root": None if figures.receipt is None else figures.receipt.root.hex(),
        "last_error": None if figures.stream is None else figures.stream.last_error,
    }


@blueprint.get("/partners")
@only(RoleKind.OFFICER)
@blueprint.arguments(CentrePartnersQuerySchema, location="query")
@blueprint.response(200, CentrePartnerPageSchema)
@problems(404, 422)
def centre_partners(query: dict[str, Any]) -> dict[str, Any]:
    """The systems of other offices that your office agrees with, suspended ones among them; two persons agree, on the page."""
    found = partners_within(account(), query["limit"] + 1, after=query.get("after"))
    rows = [row for row, _area in found[: query["limit"]]]
    asking = accounts_by_id(row.account_id for row in rows if row.account_id is not None)
    return {
        "items": [_partner(row, None if row.account_id is None else asking[row.account_id].login) for row in rows],
        "next": rows[-1].public_id if len(found) > len(rows) else None,
    }


def _partner(row: ExchangePartner, asks_through: str | None) -> dict[str, Any]:
    own = {name: getattr(row, name) for name in CentrePartnerSchema().fields if name not in ("key", "asks_through")}
    return {**own, "key": row.public_key.hex(), "asks_through": asks_through}


@blueprint.get("/data")
@only(*READING)
@blueprint.response(200, DataCatalogueSchema)
def data_catalogue() -> dict[str, Any]:
    """Which data there are, where they come from, and what is made from them."""
    tables: list[DataTable] = catalogue()
    return {"sources": [{"key": key, **vars(source)} for key, source in SOURCES.items()], "tables": tables}
