"""The application for a WSGI server: ``granian --interface wsgi wsgi:app``."""

import gc

from marketplace.config import Settings
from marketplace.kernel import logs
from marketplace.web.application import create_app

logs.begin()
app = create_app(Settings.from_env())
# What a process begins with stays: to look through a million objects for garbage would hold up some page for 0.4 s.
gc.collect()
gc.freeze()
