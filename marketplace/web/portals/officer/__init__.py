"""Portal: government's desk: sales, policies and their simulation, the tilt, mandates, and the files of households."""

from marketplace.web.portals.officer import (
    files,
    files_edit,
    files_exports,
    files_pictures,
    files_rollup,
    mandates,
    numbers,
    policy,
    sales,
    tilt,
)
from marketplace.web.portals.officer.blueprint import blueprint

blueprint.register_blueprint(mandates.blueprint)
blueprint.register_blueprint(files.blueprint)
blueprint.register_blueprint(numbers.blueprint)

__all__ = [
    "blueprint",
    "files",
    "files_edit",
    "files_exports",
    "files_pictures",
    "files_rollup",
    "mandates",
    "numbers",
    "policy",
    "sales",
    "tilt",
]
