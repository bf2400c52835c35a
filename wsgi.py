"""The application for a WSGI server: ``granian --interface wsgi wsgi:app``."""

from marketplace.config import Settings
from marketplace.web.application import create_app

app = create_app(Settings.from_env())
