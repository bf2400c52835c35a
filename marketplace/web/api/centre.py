"""The data centre for programs: copies, drills and deliveries, and the catalogue of data."""

from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields

from marketplace.backups.queries import latest_bases, latest_drills, standing
from marketplace.exchange.queries import StreamFigures, stream_figures
from marketplace.fields.lineage import SOURCES, DataTable, catalogue
from marketplace.kernel import clock
from marketplace.web.api.documents import ApiBlueprint, only
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


@blueprint.get("/data")
@only(*READING)
@blueprint.response(200, DataCatalogueSchema)
def data_catalogue() -> dict[str, Any]:
    """Which data there are, where they come from, and what is made from them."""
    tables: list[DataTable] = catalogue()
    return {"sources": [{"key": key, **vars(source)} for key, source in SOURCES.items()], "tables": tables}
