"""Exchange with other offices' systems: they ask, they are told, and what happens here is reported upwards.

A *partner* is another system, known by the id it sends with and the public key that its messages are signed with. A
*department* asks (DCI Social Registry API 1.0.0: search, subscribe, unsubscribe, status of a transaction) through the account
of an officer, so it sees no more than that officer's areas; it names a purpose that it was allowed, and each answer about a
household is written down as a look at its file. Households are described by their code, place, size and status, never by a
name or a number of a person. Answers that are not given at once are *calls*: kept sealed, taken out until they arrive, and
then emptied.

The *upward stream* is a numbered row of events (changes of status, heads of the public log) that the level above is sent in
order. Both sides keep the root of a Merkle tree over it; a *receipt*, signed by the level above, says up to where it has them
and with which root. What is sent twice is known again, and what is missing is sent from there.
"""
