"""Portal: government's desk: sales, policies, tilt, mandates, households' files and numbers, cases, forms, visits, plans."""

from marketplace.web.portals.officer import (
    case_alerts,
    case_notices,
    case_rounds,
    cases,
    collect,
    duplicates,
    files,
    files_edit,
    files_exports,
    files_pictures,
    files_rollup,
    form_data,
    forms,
    imports,
    mandates,
    numbers,
    phones,
    plans,
    policy,
    registered,
    sales,
    submissions,
    tilt,
    visits,
)
from marketplace.web.portals.officer.blueprint import blueprint

for part in (
    *(mandates, files, numbers, imports, duplicates),
    *(cases, case_rounds, case_notices, case_alerts, registered),
    *(form_data, forms, phones, submissions, visits, collect, plans),
):
    blueprint.register_blueprint(part.blueprint)

__all__ = ["blueprint", "files_edit", "files_exports", "files_pictures", "files_rollup", "policy", "sales", "tilt"]
