"""Other offices' systems: agreeing on an exchange, and ending one."""

import click

from marketplace.cli.root import application, cli
from marketplace.exchange import service
from marketplace.exchange.models import PartnerKind
from marketplace.exchange.queries import own_id, partners
from marketplace.identity.queries import find_account_by_login
from marketplace.kernel import clock
from marketplace.kernel.db import db as database
from marketplace.kernel.db import transaction
from marketplace.kernel.errors import DomainError
from marketplace.kernel.signing import newest_signing_key, public_keys


@cli.group(name="exchange")
def exchange_group() -> None:
    """Exchange with other offices' systems."""


@exchange_group.command(name="key")
def show_key() -> None:
    """Say what a partner must know of us: the id that we send with, and the public key that we sign with."""
    with application():
        number = newest_signing_key()
        click.echo(f"{own_id()} key {number} ed25519 {public_keys()[number].hex()}")


@exchange_group.command(name="add")
@click.argument("kind", type=click.Choice([kind.value for kind in PartnerKind]))
@click.argument("sender_id")
@click.option("--name", required=True, help="What people call it.")
@click.option("--key", required=True, help="Its public key (Ed25519), 64 hexadecimal digits.")
@click.option("--url", default="", help="Where its own end of the exchange begins.")
@click.option("--login", help="Of a department: the login of the officer through whom it asks.")
@click.option(
    "--purpose", "purposes", multiple=True, help="Of a department: the code of a purpose it may ask for; repeat for more."
)
def add(kind: str, sender_id: str, name: str, key: str, url: str, login: str | None, purposes: tuple[str, ...]) -> None:
    """Let another system take part, as a department, the level above, or one below."""
    with application() as app:
        database.session.rollback()
        try:
            with transaction():
                service.add_partner(
                    PartnerKind(kind),
                    sender_id,
                    name,
                    bytes.fromhex(key),
                    url=url,
                    account=find_account_by_login(login) if login else None,
                    purposes=purposes,
                    own_network=app.extensions["settings"].demo,
                    actor="cli",
                    now=clock.now(),
                )
        except (DomainError, ValueError) as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{sender_id} takes part")


@exchange_group.command(name="end")
@click.argument("sender_id")
def end(sender_id: str) -> None:
    """End an exchange from now on."""
    with application():
        database.session.rollback()
        try:
            with transaction():
                service.end_partner(sender_id, actor="cli", now=clock.now())
        except DomainError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{sender_id} takes part no more")


@exchange_group.command(name="list")
def listed() -> None:
    """Who takes part."""
    with application():
        for partner in partners():
            click.echo(f"{partner.kind:<11} {partner.sender_id:<40} {partner.name}")
