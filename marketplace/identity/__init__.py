"""Accounts and what they may do where.

An *account* is a person who signs in. A *role* gives it a kind of work (consumer, farmer, enterprise, officer, operator)
inside an area: the scope is an area code, and the empty code is the nation. An officer's level is the level of that area.
Passwords are kept as argon2 hashes, tokens as SHA-256 digests; neither can be read back. Attempts to sign in are counted in
the database, because several processes share them.
"""
