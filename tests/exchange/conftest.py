"""A department that asks, over the API with a token and a key of its own."""

from tests.api.conftest import FreshClient, client

__all__ = ["FreshClient", "client"]
