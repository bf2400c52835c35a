"""Collecting money and giving it back.

A *payment* is what somebody owes for a purpose and how it will be paid. It is written and committed before any provider is
called, and its state machine takes a message that repeats itself as *already done*. A *provider* collects; ``gateway`` says
in our words what we need of one, and ``stripe_gateway`` is the only file that knows Stripe. An *attempt* is one page at the
provider on which a payment can be made once; its public id is the idempotency key, so asking twice opens one page. A *refund*
is a row of its own and reserves its amount before anybody is asked to send it. A *provider event* is a provider's signed
message, kept once with its body. ``offline`` is bank transfer and cash on delivery, which the operator confirms.

A *payee* is where the money of a ledger account goes. A *payout batch* pays many of them one way, in *lines*; it is made by one
person and approved by another. A line is confirmed by the bank's or the provider's own reference, or its money comes back.
"""
