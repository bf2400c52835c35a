"""In and out: how a household enters the registry, leaves it, is watched, and what other departments' lists say.

A *case* is one procedure for one household: *entry*, *exit* or *monitoring*. ``procedures`` holds each as a table of steps:
who may take one, what must lie apart, how long it may take. Applications of a village go together in a *round*: one *assembly*
votes on them (only with a quorum), two *notices* hang out for their full length, township and county each look at a *sample*
that nobody could choose. An *objection* that is open stops the step behind its notice. Only ``service`` changes a status, at
the end of a procedure: no score, list of a department or single person does. An *alert* from a department's list is a question
to an officer, with its evidence sealed; the answer may open a case and is never one itself.
"""
