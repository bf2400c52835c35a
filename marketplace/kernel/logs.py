"""Logs of every process, without a word in them by which somebody could be found or let in.

Messages and tracebacks are masked when the record is made, before any handler sees it, so it does not matter whose logger or
handler it is: the application's, the web server's access log, the job queue's. Numbers and addresses are told by their form, so
a person's name is not: code must not log one. Parameters of SQL statements are left out by the engine (``hide_parameters``).
"""

import logging
import re
from typing import Any

FORMAT = "%(asctime)s %(name)s %(levelname)s %(message)s"
_MASK = "***"

_PATTERNS = [
    # What somebody says to be let in: after these names in a query, a form, JSON or a header.
    (
        re.compile(
            r"(?i)\b((?:access_|csrf_)?token|code|password|passwd|secret|api_?key|session)"
            r"""(["']?\s*(?:=|:)\s*["']?)(?!\s)[^\s"'&,;}]+"""
        ),
        rf"\1\2{_MASK}",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',]+"), rf"\1 {_MASK}"),
    # The way of an answer by the code of a notice, and of a letter's end.
    (re.compile(r"(/n/|/unsubscribe/)[^\s?/\"']+"), rf"\1{_MASK}"),
    # The name and password in an address, of which the rest is needed, and an e-mail address.
    (re.compile(r"(?<=://)[^\s/@]+:[^\s/@]+(?=@)"), _MASK),
    (re.compile(r"[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+", re.ASCII), _MASK),
    # Random bytes in base 64, as tokens and signatures are, which have figures and letters of both kinds.
    (re.compile(r"(?<![\w-])(?=[\w-]*[0-9])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{24,}={0,2}(?![\w-])", re.ASCII), _MASK),
    # A recovery code, as it is written on paper.
    (re.compile(r"\b(?=[a-z-]*[2-9])[2-9a-hjkmnp-tv-z]{5}-[2-9a-hjkmnp-tv-z]{5}\b", re.ASCII), _MASK),
    # Numbers of people (18, the last may be X), of households (16) and of bank accounts (15 to 19), in one or in groups.
    (re.compile(r"(?<![\w.])\d(?:[ -]?\d){13,17}[ -]?[\dXx](?!\w)", re.ASCII), _MASK),
    # Telephones: mobile, with or without the country, and on land with the area.
    (re.compile(r"(?<![\w.])(?:(?:\+|%2B|00)?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)", re.ASCII), _MASK),
    (re.compile(r"(?<![\w.-])0\d{2,3}-\d{7,8}(?![\w-])", re.ASCII), _MASK),
]


def mask(text: str) -> str:
    """The text without numbers of people, telephones and accounts, addresses, passwords, tokens and codes.

    >>> mask("GET /n/7k2mp9xw4q?lang=zh: 13800001234 wrote to wang@example.org")
    'GET /n/***?lang=zh: *** wrote to ***'
    >>> mask("order 7gqk3mxw9p2hfz of 522636100001 took 1718424000.123 s")
    'order 7gqk3mxw9p2hfz of 522636100001 took 1718424000.123 s'
    """
    for pattern, masked in _PATTERNS:
        text = pattern.sub(masked, text)
    return text


def begin(level: int = logging.WARNING) -> None:
    """Log to standard error from this level on, masked. To be called once by whatever begins a process."""
    logging.basicConfig(level=level, format=FORMAT)
    logging.setLogRecordFactory(_masked_record)


def _masked_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    """A record whose text is final: what its formatters add is time, level and name."""
    record = logging.LogRecord(*args, **kwargs)
    try:
        text = record.getMessage()
    except Exception:
        # A message that does not fit its arguments is a slip that the handler reports; it must not stop the work here.
        return record
    record.msg, record.args = mask(text), ()
    if record.exc_info and not isinstance(record.exc_info, bool):
        record.exc_text = mask(_formatter.formatException(record.exc_info))
    if record.stack_info:
        record.stack_info = mask(record.stack_info)
    return record


_formatter = logging.Formatter()
