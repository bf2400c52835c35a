"""What the server's own log of requests may show: not the codes and signed tokens that stand in some addresses.

Whoever reads a log could otherwise answer in a household's name for as long as its code holds. A proxy in front keeps a log of
its own and must be told the same.
"""

import logging
import re

# An answer to a notice, and leaving a letter's list.
_SECRET = re.compile(r"^(/n/|/letters/unsubscribe/)[^/]+")


class _WithoutCodes(logging.Filter):
    """Puts a mark in the place of what is secret in the path of a request, and of a typed code in its query."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; every request is still logged."""
        asked = record.args
        if isinstance(asked, dict) and isinstance(asked.get("path"), str):
            path = str(asked["path"])
            shown = {"path": _SECRET.sub(r"\1…", path)}
            if path == "/n" and asked.get("query_string"):
                shown["query_string"] = "…"
            record.args = {**asked, **shown}
        return True


def keep_codes_out_of_logs() -> None:
    """Have the server that runs this process log requests without codes."""
    log = logging.getLogger("granian.access")
    if not any(isinstance(known, _WithoutCodes) for known in log.filters):
        log.addFilter(_WithoutCodes())
