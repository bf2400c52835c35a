"""Messages that leave the house: written with the change that causes them, carried out later by a worker.

A *message* is one row: to whom, by which channel, in which words. ``post`` writes it into the open transaction, so it exists
exactly when its change does. A *carrier* takes messages of a channel out: into files, or to a mail server. A message is claimed
by one worker at a time; what cannot be delivered is tried again after growing pauses and given up in the end, with the reason.
"""
