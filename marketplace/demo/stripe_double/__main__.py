"""Run the double: ``python -m marketplace.demo.stripe_double --port 5001 --data var --webhook http://127.0.0.1:5000/hooks/stripe``.

Key and secret come from the environment, as they do for the shop: ``STRIPE_API_KEY``, ``STRIPE_WEBHOOK_SECRET``.
"""

import argparse
import logging
import os
import signal
import time
from pathlib import Path
from threading import Event

from marketplace.demo.stripe_double.messages import Postman
from marketplace.demo.stripe_double.server import Server


def main() -> None:
    """Answer and deliver until interrupted."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder of its SQLite file")
    parser.add_argument("--webhook", required=True, help="where messages go")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    server = Server(options.data / "stripe-double.sqlite", os.environ["STRIPE_API_KEY"], time.time, port=options.port)
    postman = Postman(server.store, options.webhook, os.environ["STRIPE_WEBHOOK_SECRET"], time.time)
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    server.start()
    postman.start()
    stopped.wait()
    postman.stop()
    server.stop()


if __name__ == "__main__":
    main()
