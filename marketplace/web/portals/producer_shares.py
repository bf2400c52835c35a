"""Portal: a household's own shares: what it holds, what that brought, and how it was worked out."""

from flask import Blueprint, render_template

from marketplace.equity.queries import held_by, household_account
from marketplace.identity.models import RoleKind
from marketplace.ledger.queries import balance_fen
from marketplace.web.access import allow
from marketplace.web.equity_words import contract_words, run_words
from marketplace.web.portals.producer_household import own_household

blueprint = Blueprint("shares", __name__, url_prefix="/shares")


@blueprint.get("")
@allow(RoleKind.FARMER)
def mine() -> str:
    """The household's shares as a slip in plain words; nobody else's."""
    household = own_household()
    return render_template(
        "producer/shares.html",
        waiting_fen=balance_fen(household_account(household.public_id)),
        held=[
            {
                **contract_words(row.contract),
                "name": row.asset.name,
                "own": row.units,
                "received_fen": row.received_fen,
                "years": [
                    {**run_words(run), "own_units": dividend.units, "amount_fen": dividend.amount_fen}
                    for run, dividend in row.dividends
                ],
            }
            for row in held_by(household)
        ],
    )
