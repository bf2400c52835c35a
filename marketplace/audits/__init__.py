"""Audits: what people from outside found in a sample that nobody could choose, so that precision is never an office's own word.

A *round* audits one county. The office above it opens the round and thereby commits to a secret *seed*, of which the hash is
shown; the draw follows from the seed and the *frame*, the households, payments and projects on file at that moment, and both
are shown after it. A *stratum* is a kind of household (registered, exited, unregistered) in one township, or the county's
payments, or its projects.
*Auditors* stand outside the county's line. Two persons close a round; then it counts, and nothing in it changes any more.
"""
