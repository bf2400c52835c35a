"""Accounts and what they may do where.

An *account* is a person who signs in. A *role* gives it a kind of work (consumer, farmer, enterprise, officer, operator)
inside an area: the scope is an area code, and the empty code is the nation. An officer's level is the level of that area.
Passwords are kept as argon2 hashes, tokens as SHA-256 digests; neither can be read back. Attempts to sign in are counted in
the database, because several processes share them.

A *mandate* lets an account (its *holder*, an officer or a cooperative) act for a seller (its *principal*) within *scopes* and
until a moment, by a consent that can be looked at. It is checked again inside the transaction of each act. A household answers
by signing in, by the *code* of a notice, or by telling an officer. A *contact* says where and when somebody wants to be told.
"""
