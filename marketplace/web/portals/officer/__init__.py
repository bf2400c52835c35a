"""Portal: government's desk: sales, policies, tilt, mandates, households' files and numbers, cases, forms, visits, plans."""

from marketplace.web.portals.officer import (
    acceptances,
    advice,
    case_alerts,
    case_notices,
    case_rounds,
    cases,
    collect,
    duplicates,
    duty,
    duty_results,
    duty_years,
    equity,
    equity_contract,
    files,
    files_edit,
    files_exports,
    files_pictures,
    files_rollup,
    forecasts,
    form_data,
    forms,
    imports,
    mandates,
    need_rounds,
    needs,
    numbers,
    phones,
    plans,
    policy,
    project,
    project_templates,
    projects,
    registered,
    rules,
    safety_net,
    safety_net_rules,
    sales,
    sales_prices,
    sales_spread,
    submissions,
    tilt,
    visits,
    workdays,
    yields,
)
from marketplace.web.portals.officer.blueprint import blueprint

equity.blueprint.register_blueprint(equity_contract.blueprint)
safety_net.blueprint.register_blueprint(safety_net_rules.blueprint)
projects.blueprint.register_blueprint(project_templates.blueprint)
projects.blueprint.register_blueprint(project.blueprint)
duty.blueprint.register_blueprint(duty_results.blueprint)
duty.blueprint.register_blueprint(duty_years.blueprint)
needs.blueprint.register_blueprint(need_rounds.blueprint)
for part in (
    *(mandates, files, numbers, imports, duplicates, equity, safety_net, advice, projects, duty, needs),
    *(cases, case_rounds, case_notices, case_alerts, registered, workdays, rules),
    *(forecasts, form_data, forms, phones, submissions, visits, collect, yields, plans, acceptances),
):
    blueprint.register_blueprint(part.blueprint)

__all__ = [
    "blueprint",
    "files_edit",
    "files_exports",
    "files_pictures",
    "files_rollup",
    "policy",
    "sales",
    "sales_prices",
    "sales_spread",
    "tilt",
]
