"""Addresses of programs that want to be told of events, and telling them.

An *endpoint* is an address that an account has given, with a *secret* that only its owner and we know and the *kinds* of
events it wants. An event is written into the outbox with the change that causes it and called out after the commit. It is
signed each time it leaves (Standard Webhooks: id, time and body under HMAC-SHA256), tried again with growing pauses, and in the
end given up. An event names things and no person: who is told of it reads the rest with a token.
"""
