"""The double over HTTP, on the loopback alone."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from marketplace.demo.stripe_double import objects, pages
from marketplace.demo.stripe_double.bank import Bank, Refused
from marketplace.demo.stripe_double.calls import answer
from marketplace.demo.stripe_double.store import Store

_LARGEST = 100_000


class Server:
    """A running double.

    Parameters
    ----------
    path : Path or str
        The SQLite file it remembers in; ``:memory:`` for one that forgets.
    key : str
        The API key it lets in.
    port : int
        On 127.0.0.1; 0 for any that is free.
    """

    def __init__(self, path: Path | str, key: str, clock: Callable[[], float], *, port: int = 0, deliveries: int = 2) -> None:
        self.store = Store(path)
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.bank = Bank(self.store, self.url, clock, deliveries)
        self._http.bank, self._http.key = self.bank, key  # type: ignore[attr-defined]
        self._http.daemon_threads = True
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    def start(self) -> None:
        """Answer from a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more and let go of the file."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(timeout=10)
        self.store.close()


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        """A call, or a page."""
        self._answer("GET", "")

    def do_POST(self) -> None:
        """A call, or a button of a page."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > _LARGEST:
            self._send(413, "text/plain", "too large")
            return
        self._answer("POST", self.rfile.read(length).decode("utf-8", "replace"))

    def _answer(self, method: str, form: str) -> None:
        address = urlsplit(self.path)
        if address.path == "/health":
            self._send(200, "text/plain", "ok")
        elif address.path.startswith("/v1/"):
            if self.headers.get("Authorization") != f"Bearer {self.server.key}":
                told = objects.error("invalid_request_error", "Invalid API Key provided.", None, None)
                self._send(401, "application/json", json.dumps(told))
                return
            key = self.headers.get("Idempotency-Key")
            status, body = answer(self.server.bank, method, address.path, form or address.query, key)
            self._send(status, "application/json", body)
        elif address.path.startswith("/pay/"):
            self._page(method, address.path.removeprefix("/pay/"), form, address.query)
        else:
            self._send(404, "text/plain", "not found")

    def _page(self, method: str, session_id: str, form: str, query: str) -> None:
        bank: Bank = self.server.bank
        target = None
        try:
            with bank.store.work():
                if method == "POST":
                    target = _act(bank, session_id, {name: values[0] for name, values in parse_qs(form).items()})
                session = bank.session(session_id)
                intent = bank.store.find("payment_intent", session["payment_intent"] or "")
        except Refused as refused:
            self._send(refused.status, "text/plain", str(refused))
            return
        if target is not None:
            self._see_other(target)
            return
        chinese = not self.headers.get("Accept-Language", "zh").lower().startswith("en")
        declined = "declined" in parse_qs(query)
        page = pages.pay_page(session, intent["status"] if intent else None, chinese=chinese, declined=declined)
        self._send(200, "text/html; charset=utf-8", page)

    def _see_other(self, url: str) -> None:
        self.send_response(303)
        self.send_header("Location", url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: int, kind: str, body: str) -> None:
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: what happened stands in the store."""


def _act(bank: Bank, session_id: str, form: dict[str, str]) -> str:
    """Press a button of the page; answers where the browser goes."""
    act, method = form.get("act", ""), form.get("method", "card")
    here = f"/pay/{session_id}"
    session = bank.session(session_id)
    match act:
        case "pay" | "twice":
            done = bank.pay(session_id, method)
            if act == "twice":
                bank.pay(session_id, method)
            return str(session["success_url"]) if done else here
        case "slow":
            bank.pay(session_id, method, slowly=True)
            return here
        case "decline":
            return f"{here}?declined=1" if bank.decline(session_id) else here
        case "accept" | "refuse":
            bank.decide(session_id, accept=act == "accept")
            return str(session["success_url"])
    return here
