"""Handing text messages to a gateway over HTTP.

What a gateway must speak, so that a few lines in front of any provider make one:

- ``POST`` to one address, body in JSON (UTF-8): ``{"id": "...", "to": "13800138000", "from": "农桥", "text": "..."}``.
- ``Authorization: Bearer <token>``, and ``Idempotency-Key`` with the same id: a message that is handed over twice, because the
  first answer got lost, is to be sent once.
- 2xx: taken. 401, 403, 408, 425, 429 and 5xx: not now (a token can be put right), we ask again after growing pauses. Any other
  4xx: never, the message is given up and the answer's text is shown to the operator.
"""

import json
import urllib.error
import urllib.request

from marketplace.kernel.outbox.carriers import Letter, NotDelivered

# A gateway that says nothing for so long is taken for gone.
_TIMEOUT_S = 30
_NOT_NOW = frozenset({401, 403, 408, 425, 429})
_LONGEST_ANSWER = 200


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The token is for this address alone."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        """Follow nothing."""


class HttpSmsCarrier:
    """Posts each text message to a gateway."""

    def __init__(self, url: str, token: str, sender: str) -> None:
        self._url, self._token, self._sender = url, token, sender
        # No proxy of the environment: the numbers of households go to the gateway and nowhere else.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())

    def deliver(self, letter: Letter) -> None:
        """Hand one message over."""
        body = {"id": letter.public_id, "to": letter.recipient, "from": self._sender, "text": letter.body_text.rstrip()}
        request = urllib.request.Request(
            self._url,
            data=json.dumps(body, ensure_ascii=False).encode(),
            headers={
                "Content-Type": "application/json; charset=utf-8",
                "Authorization": f"Bearer {self._token}",
                "Idempotency-Key": letter.public_id,
            },
            method="POST",
        )
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(_LONGEST_ANSWER).decode(errors="replace").strip()
            permanent = 400 <= error.code < 500 and error.code not in _NOT_NOW
            raise NotDelivered(f"the gateway refused: {error.code} {said}".rstrip(), permanent=permanent) from error
        except (OSError, ValueError) as error:
            raise NotDelivered(f"the gateway could not be reached: {error}") from error
