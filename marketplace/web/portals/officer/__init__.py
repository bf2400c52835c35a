"""Portal: government's desk: sales, policies, the tilt, mandates, households' files and numbers, cases, forms, visits."""

from marketplace.web.portals.officer import (
    case_alerts,
    case_notices,
    case_rounds,
    cases,
    collect,
    duplicates,
    equity,
    equity_contract,
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
    policy,
    project,
    projects,
    registered,
    rules,
    sales,
    submissions,
    tilt,
    visits,
    workdays,
    yields,
)
from marketplace.web.portals.officer.blueprint import blueprint

equity.blueprint.register_blueprint(equity_contract.blueprint)
projects.blueprint.register_blueprint(project.blueprint)
for part in (
    *(mandates, files, numbers, imports, duplicates, equity, projects),
    *(cases, case_rounds, case_notices, case_alerts, registered, workdays, rules),
    *(form_data, forms, phones, submissions, visits, collect, yields),
):
    blueprint.register_blueprint(part.blueprint)

__all__ = ["blueprint", "files_edit", "files_exports", "files_pictures", "files_rollup", "policy", "sales", "tilt"]
