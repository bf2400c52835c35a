"""Every table, in one import, for migrations and their tests."""

from marketplace.advisory import models as advisory
from marketplace.assistance.duty import models as duty
from marketplace.assistance.needs import models as needs
from marketplace.assistance.safety_net import models as safety_net
from marketplace.audits import models as audits
from marketplace.backups import models as backups
from marketplace.catalogue import models as catalogue
from marketplace.complaints import models as complaints
from marketplace.dashboard import models as dashboard
from marketplace.delivery import models as delivery
from marketplace.equity import models as equity
from marketplace.exchange import models as exchange
from marketplace.forecasts import models as forecasts
from marketplace.funds import models as funds
from marketplace.identity import models as identity
from marketplace.kernel import audit, idempotency, limits
from marketplace.kernel.outbox import models as outbox
from marketplace.ledger import models as ledger
from marketplace.orders import models as orders
from marketplace.payments import models as payments
from marketplace.projects import models as projects
from marketplace.recommendations import models as recommendations
from marketplace.regions import models as regions
from marketplace.registry import models as registry
from marketplace.sourcing import models as sourcing
from marketplace.transparency import models as transparency
from marketplace.webhooks import models as webhooks

__all__ = [
    "advisory",
    "audit",
    "audits",
    "backups",
    "catalogue",
    "complaints",
    "dashboard",
    "delivery",
    "duty",
    "equity",
    "exchange",
    "forecasts",
    "funds",
    "idempotency",
    "identity",
    "ledger",
    "limits",
    "needs",
    "orders",
    "outbox",
    "payments",
    "projects",
    "recommendations",
    "regions",
    "registry",
    "safety_net",
    "sourcing",
    "transparency",
    "webhooks",
]
