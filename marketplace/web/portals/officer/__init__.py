"""Portal: government's desk: sales, policies, the tilt, mandates, households' files and numbers, forms, visits."""

from marketplace.web.portals.officer import (
    files,
    files_edit,
    files_exports,
    files_pictures,
    files_rollup,
    form_data,
    forms,
    mandates,
    numbers,
    phones,
    policy,
    sales,
    submissions,
    tilt,
    visits,
)
from marketplace.web.portals.officer.blueprint import blueprint

for part in (mandates, files, numbers, form_data, forms, phones, submissions, visits):
    blueprint.register_blueprint(part.blueprint)

__all__ = ["blueprint", "files_edit", "files_exports", "files_pictures", "files_rollup", "policy", "sales", "tilt"]
