"""Taking a message out of the house: into a file, or to a mail server."""

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from marketplace.kernel.files import put_in_place

# A server that says nothing for so long is taken for gone.
_TIMEOUT_S = 30
_PERMANENT = 500


@dataclass(frozen=True)
class Letter:
    """What a carrier needs of a message."""

    public_id: str
    channel: str
    recipient: str
    subject: str
    body_text: str
    body_html: str | None
    written_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)


class NotDelivered(RuntimeError):
    """A message did not get through; ``permanent`` says that another attempt would end the same way."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


class Carrier(Protocol):
    """Takes messages of one channel out."""

    def deliver(self, letter: Letter) -> None:
        """Take one message out.

        Raises
        ------
        NotDelivered
            When it did not get through.
        """


class FileCarrier:
    """Writes each message into a file of its own: for an installation without a mail server, where nothing must be lost.

    Delivering a message again writes the same file, so it is there once.
    """

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    def deliver(self, letter: Letter) -> None:
        """Write the message as ``.eml``, a short message as ``.txt``."""
        if letter.channel == "email":
            name, content = f"{letter.public_id}.eml", as_email(letter, self._sender).as_bytes()
        else:
            name, content = f"{letter.public_id}.txt", f"To: {letter.recipient}\n\n{letter.body_text}\n".encode()
        try:
            # Letters are personal; only the account that runs the shop reads them.
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            partial = self._folder / f"{name}.part"
            partial.write_bytes(content)
            put_in_place(partial, self._folder / name)
        except OSError as error:
            raise NotDelivered(f"the file could not be written: {error.strerror}") from error


class SmtpCarrier:
    """Hands messages to a mail server.

    ``smtp://user:password@host:587`` begins in clear and insists on STARTTLS before anything is said, ``smtps://host:465`` is
    TLS from the first byte; ``?tls=off`` is for a relay on the same machine.
    """

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self._secure_from_start = parts.scheme == "smtps"
        self._host = parts.hostname or ""
        self._port = parts.port or (465 if self._secure_from_start else 587)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._in_clear = parse_qs(parts.query).get("tls") == ["off"]
        self._sender = sender

    def deliver(self, letter: Letter) -> None:
        """Send one message in a conversation of its own."""
        try:
            with self._connect() as server:
                if self._user:
                    server.login(self._user, self._password)
                server.send_message(as_email(letter, self._sender))
        except smtplib.SMTPRecipientsRefused as error:
            code, answer = next(iter(error.recipients.values()))
            raise NotDelivered(f"the address was refused: {_said(code, answer)}", permanent=code >= _PERMANENT) from error
        except smtplib.SMTPResponseException as error:
            raise NotDelivered(f"the mail server refused: {_said(error.smtp_code, error.smtp_error)}") from error
        except (smtplib.SMTPException, OSError) as error:
            raise NotDelivered(f"the mail server could not be reached: {error}") from error

    def _connect(self) -> smtplib.SMTP:
        if self._secure_from_start:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=_TIMEOUT_S, context=ssl.create_default_context())
        server = smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_S)
        if not self._in_clear:
            try:
                server.starttls(context=ssl.create_default_context())
            except BaseException:
                server.close()
                raise
        return server


def as_email(letter: Letter, sender: str) -> EmailMessage:
    """The message as it travels. Its id stays the same over attempts, so that a reader's mailbox can drop a second copy."""
    message = EmailMessage()
    domain = parseaddr(sender)[1].partition("@")[2] or "localhost"
    try:
        message["From"], message["To"], message["Subject"] = sender, letter.recipient, letter.subject
        message["Date"] = format_datetime(letter.written_at)
        message["Message-ID"] = f"<{letter.public_id}@{domain}>"
        for name, value in letter.headers.items():
            message[name] = value
    except (ValueError, MessageError) as error:
        raise NotDelivered(f"the message has no valid form: {error}", permanent=True) from error
    message.set_content(letter.body_text)
    if letter.body_html is not None:
        message.add_alternative(letter.body_html, subtype="html")
    return message


def _said(code: int, answer: bytes | str) -> str:
    return f"{code} {answer.decode(errors='replace') if isinstance(answer, bytes) else answer}"
