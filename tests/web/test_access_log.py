"""The server's log of requests, as granian writes it, shows no code and no token."""

import logging
import time

import pytest
from granian.log import access_logger, log_request_builder

from marketplace.web.access_log import keep_codes_out_of_logs

FORMAT = "%(method)s %(path)s %(query_string)s %(status)d"


@pytest.mark.parametrize(
    ("path", "query", "logged"),
    [
        ("/n/abcdefghjk", "", "GET /n/…  200"),
        ("/n/abc defghjk/", "", "GET /n/…/  200"),
        ("/n", "code=abcdefghjk", "GET /n … 200"),
        ("/letters/unsubscribe/eyJ.x-y_z", "", "GET /letters/unsubscribe/…  200"),
        ("/news/n/abcdefghjk", "q=n", "GET /news/n/abcdefghjk q=n 200"),
        ("/orders/abcdefghjkmnpq", "", "GET /orders/abcdefghjkmnpq  200"),
    ],
)
def test_secrets_in_addresses_are_not_logged(path: str, query: str, logged: str, caplog: pytest.LogCaptureFixture) -> None:
    keep_codes_out_of_logs()
    keep_codes_out_of_logs()
    request = {"addr_remote": "127.0.0.1", "path": path, "qs": query, "method": "GET", "scheme": "http", "protocol": "1.1"}
    caplog.set_level(logging.INFO, access_logger.name)
    access_logger.addHandler(caplog.handler)
    try:
        log_request_builder(FORMAT)(time.time(), time.perf_counter(), request, 200)
    finally:
        access_logger.removeHandler(caplog.handler)
    assert [record.getMessage() for record in caplog.records][:1] == [logged]
