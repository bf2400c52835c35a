"""The registry: persons who may be on file twice, and the rules by province and day."""

import json
import time
from datetime import datetime

import click

from marketplace.cli.root import application, cli
from marketplace.identity.queries import find_account_by_login
from marketplace.kernel import clock
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import DomainError
from marketplace.registry.cases.announcing import announce_workdays, read_days
from marketplace.registry.duplicates.looking import look_for_duplicates
from marketplace.registry.duplicates.matching import is_possible
from marketplace.registry.rules import rules_in_force, set_rule


@cli.command(name="find-duplicates")
def find_duplicates() -> None:
    """Compare all persons on file and queue those who may stand there twice (extra dedupe)."""
    if not is_possible():
        raise click.ClickException("this needs splink: install nongqiao[dedupe]")
    with application():
        began = time.monotonic()
        looked = look_for_duplicates(actor="cli")
    counted = f"{looked.persons:,} persons compared, {looked.alike:,} pairs alike, {looked.new:,} of them new"
    click.echo(f"{counted}, in {time.monotonic() - began:.1f} s")


@cli.group(name="rules")
def rules_group() -> None:
    """The registry's rules: how long, how many, which line, by province and day."""


@rules_group.command(name="list")
@click.argument("area")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day; today when not given.")
def list_rules(area: str, on: datetime | None) -> None:
    """Every rule in force in an area (its code) on a day: value, from when and where, and who says so."""
    with application():
        day = on.date() if on is not None else clock.local_day(clock.now())
        for rule in rules_in_force(area, day):
            where = rule.area_code or "everywhere"
            click.echo(f"{rule.name} = {json.dumps(rule.value)}  ({where}, from {rule.begins_on}: {rule.source})")


@rules_group.command(name="set")
@click.argument("name")
@click.argument("area")
@click.argument("value")
@click.option("--from", "begins_on", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The first day it holds.")
@click.option("--source", required=True, help="The document that says so.")
@click.option("--by", "login", required=True, help="The account in whose name it is set.")
def change_rule(name: str, area: str, value: str, begins_on: datetime, source: str, login: str) -> None:
    """Set a rule in an area from a day on; VALUE is JSON in the form that ``rules list`` shows."""
    with application():
        try:
            wanted = json.loads(value)
        except ValueError as error:
            raise click.ClickException(f"{value} is no JSON: {error}") from None
        try:
            with transaction():
                account = find_account_by_login(login)
                if account is None:
                    raise click.ClickException(f"there is no account {login}")
                set_rule(name, area, begins_on.date(), wanted, source, by=account, now=clock.now())
        except DomainError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{name} is {value} in {area} from {begins_on.date()} on")


@rules_group.command(name="announce-workdays")
@click.argument("year", type=int)
@click.option("--rest", required=True, help="Days of rest: 2027-01-01, or 2027-02-05..2027-02-11, with commas between.")
@click.option("--work", default="", help="Saturdays and Sundays that are worked, written the same way.")
@click.option("--area", help="A province or an area in it (its code); the whole country when not given.")
@click.option("--source", required=True, help="The document that says so.")
@click.option("--by", "login", required=True, help="The account in whose name it is set.")
def announce_year(year: int, rest: str, work: str, area: str | None, source: str, login: str) -> None:
    """Write down a year's public holidays; deadlines that were provisional are counted again."""
    with application():
        try:
            with transaction():
                account = find_account_by_login(login)
                if account is None:
                    raise click.ClickException(f"there is no account {login}")
                days = read_days(rest), read_days(work)
                announced = announce_workdays(area, year, *days, source, by=account, now=clock.now())
                said = f"{len(announced.rest_days)} days of rest, {len(announced.work_days)} weekend days worked"
        except DomainError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{year} in {area or 'the whole country'}: {said}")
