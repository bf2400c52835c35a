"""Persons who may stand on file twice: looked for in batches, shown side by side, decided by people.

A number on file is refused at entry (``filing.check_number_is_free``). What is looked for here are persons whose number is
unknown or differs: ``matching`` compares records and says how probable it is that two are one, ``people`` says what of a person
is compared and how much it weighs, ``looking`` puts probable *pairs* into the queue, and ``deciding`` is what officers do with
them. An officer decides on pairs of which they may see both sides; of a side beyond their area they learn nothing but that
it is in another village. A pair found *different* is never asked about again. *Same* takes one of the two off their file and
needs a second officer.
"""
