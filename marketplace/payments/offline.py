"""Bank transfer with a reference and cash on delivery: collected by people, confirmed by the operator."""

from marketplace.payments.gateway import NextStep, PaymentProvider
from marketplace.payments.models import Payment, PaymentMethod


class OfflineProvider:
    """Collects nothing itself; the operator confirms what has arrived."""

    def start(self, payment: Payment) -> NextStep:
        """Nothing to do online: the payer writes the reference on the transfer or pays at the door."""
        return NextStep(redirect_url=None)


PROVIDERS: dict[PaymentMethod, PaymentProvider] = {
    PaymentMethod.BANK_TRANSFER: OfflineProvider(),
    PaymentMethod.CASH_ON_DELIVERY: OfflineProvider(),
}
