"""What every domain stands on and what knows no domain word.

``db`` owns the one transaction, ``types`` the columns that refuse a naive time or a float of money, ``money`` the one
function that splits an amount, ``clock`` the moment and the local day, ``ids`` the names shown to the outside, ``errors``
the failures a person can be told, ``audit`` the hash chain of what people did, ``jobs`` the work done later,
``files`` and ``pictures`` what people send,
``idempotency`` the keys that make a repeated call one call, ``embedded_postgres`` the server we bring along.
"""
