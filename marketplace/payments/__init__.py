"""Collecting money.

A *payment* is what somebody owes for a purpose and how it will be paid. It is written and committed before any provider is
called, and its state machine takes a message that repeats itself as *already done*. A *provider* collects; ``gateway`` says
in our words what we need of one. ``offline`` is bank transfer and cash on delivery, which the operator confirms.
"""
