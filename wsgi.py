"""The application for a WSGI server: ``granian --interface wsgi wsgi:app``."""

from marketplace.config import Settings
from marketplace.kernel import logs
from marketplace.web.application import create_app

logs.begin()
app = create_app(Settings.from_env())
