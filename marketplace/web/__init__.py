"""The only place that knows HTTP.

``application`` builds the app; ``access`` decides who may enter, ``session`` who somebody is, ``errors`` what a refusal looks
like; ``forms`` reads input, ``filters`` writes output. Pages are grouped by audience under ``portals``, programs are served
under ``api``. A handler loads, checks, parses, acts and answers; rules live below.
"""
