"""Duty: which officer answers for which household, the visits and funds that come of it, and what the year was worth.

An officer has one rank and a quota by it (a dated rule). A household has one first helper. A duty ends when another takes it
over or the household leaves the registry, never because an officer leaves office: that opens a *hand-over* with a last day.
"""
