"""A stand-in for Stripe: a small server of our own that answers the calls we make as Stripe does, and takes no real money.

It keeps *things* (sessions, intents, refunds, transfers) in SQLite, remembers the answer to each idempotency key, shows a pay
page on which a person can pay, be declined, wait for the bank or turn back, and tells the shop of it by signed messages, each
delivered more than once. It imports nothing of the shop, and the shop imports nothing of it: they speak HTTP.
"""
