"""The worker: takes jobs from the queue in the database and runs each inside the application's context."""

import asyncio

import procrastinate
from flask import Flask

from marketplace.assistance import jobs as assistance_jobs
from marketplace.assistance.safety_net import jobs as safety_net_jobs
from marketplace.backups import jobs as backup_jobs
from marketplace.catalogue import jobs as catalogue_jobs
from marketplace.complaints import jobs as complaint_jobs
from marketplace.dashboard import jobs as dashboard_jobs
from marketplace.exchange import jobs as exchange_jobs
from marketplace.fields import jobs as field_jobs
from marketplace.forecasts import jobs as forecast_jobs
from marketplace.funds import jobs as fund_jobs
from marketplace.kernel import limits as limit_jobs
from marketplace.kernel.jobs import queue, run_jobs_inside
from marketplace.kernel.outbox import jobs as outbox_jobs
from marketplace.orders import jobs as order_jobs
from marketplace.payments import jobs as payment_jobs
from marketplace.projects import jobs as project_jobs
from marketplace.recommendations import jobs as recommendation_jobs
from marketplace.recommendations import policy_jobs
from marketplace.registry import assessment_jobs, figure_jobs
from marketplace.registry.duplicates import looking as duplicate_jobs
from marketplace.registry.forms import jobs as form_jobs
from marketplace.registry.importing import jobs as import_jobs
from marketplace.sourcing import jobs as sourcing_jobs
from marketplace.transparency import jobs as log_jobs
from marketplace.web import certificate_notices as certificate_jobs
from marketplace.web import digest as letter_jobs
from marketplace.web import file_exports as export_jobs
from marketplace.web import forgotten_files as file_jobs
from marketplace.web import submissions as submission_jobs
from marketplace.web.notices import advice_jobs
from marketplace.web.notices import jobs as notice_jobs

# Importing them has registered their jobs; the names keep the imports from looking idle.
JOB_MODULES = (
    advice_jobs,
    assistance_jobs,
    backup_jobs,
    catalogue_jobs,
    complaint_jobs,
    dashboard_jobs,
    exchange_jobs,
    field_jobs,
    forecast_jobs,
    fund_jobs,
    duplicate_jobs,
    import_jobs,
    limit_jobs,
    log_jobs,
    order_jobs,
    outbox_jobs,
    payment_jobs,
    policy_jobs,
    project_jobs,
    recommendation_jobs,
    safety_net_jobs,
    assessment_jobs,
    figure_jobs,
    certificate_jobs,
    export_jobs,
    file_jobs,
    form_jobs,
    letter_jobs,
    notice_jobs,
    sourcing_jobs,
    submission_jobs,
)


def run_worker(app: Flask, *, wait: bool = True) -> None:
    """Work off the queue until interrupted, or until it is empty when ``wait`` is off."""
    run_jobs_inside(app.app_context)
    url = str(app.extensions["settings"].database_url).replace("postgresql+psycopg://", "postgresql://")
    # A database that is gone for longer than this ends the worker; whoever runs it starts it again.
    connector = procrastinate.PsycopgConnector(conninfo=url, timeout=5, reconnect_timeout=5)

    async def work() -> None:
        with queue.replace_connector(connector) as connected:
            async with connected.open_async():
                await connected.run_worker_async(concurrency=1, wait=wait, delete_jobs="successful")

    asyncio.run(work())
