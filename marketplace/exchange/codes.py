"""Why a message or a request in it is refused, in the words of the standard (DCI Social Registry API 1.0.0)."""

import enum


class Fault(enum.StrEnum):
    """Of a whole message that cannot be taken in."""

    BAD = "err.request.bad"
    VERSION = "err.version.not_supported"
    SENDER = "err.sender_id.invalid"
    SENDER_URI = "err.sender_uri.invalid"
    RECEIVER = "err.receiver_id.invalid"
    SIGNATURE_MISSING = "err.signature.missing"
    SIGNATURE = "err.signature.invalid"
    ENCRYPTION = "err.encryption.invalid"


class Reason(enum.StrEnum):
    """Of a message that was read, or of one request in it."""

    MESSAGE_DUPLICATE = "rjct.message_id.duplicate"
    MESSAGE_TIME = "rjct.message_ts.invalid"
    ACTION = "rjct.action.invalid"
    ACTION_UNSUPPORTED = "rjct.action.not_supported"
    COUNT = "rjct.total_count.invalid"
    COUNT_LIMIT = "rjct.total_count.limit_exceeded"
    REFERENCE = "rjct.reference_id.invalid"
    REFERENCE_DUPLICATE = "rjct.reference_id.duplicate"
    TIME = "rjct.timestamp.invalid"
    CRITERIA = "rjct.search_criteria.invalid"
    FILTER = "rjct.filter.invalid"
    SORT = "rjct.sort.invalid"
    PAGINATION = "rjct.pagination.invalid"
    TOO_MANY = "rjct.search.too_many_records_found"
    NOTIFY_TYPES = "rjct.notify_types.invalid"
    NOTIFY_DETAILS = "rjct.notify_details.invalid"
    SUBSCRIBED = "rjct.event.already_subscribed"
    SUBSCRIPTION = "rjct.subscription_code.invalid"
    UNSUBSCRIBED = "rjct.event.already_unsubscribed"


class MessageRefused(Exception):
    """A message cannot be taken in; nothing of it was acted on."""

    def __init__(self, code: Fault | Reason, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words


class RequestRejected(Exception):
    """One request of a message is refused; the others are not."""

    def __init__(self, code: Reason, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words
