"""Short messages about what has happened: to households in whose name others act, to buyers, to sellers.

Each is written in the transaction of its change, once for its *occasion*, in its reader's language, and waits for the morning
where nights are to be quiet. Nothing that a person wrote goes out unlooked at: what could be a number of a person, a phone or
an account is masked, and no word says that somebody is poor.
"""
