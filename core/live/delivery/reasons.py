"""Why a message was sent, failed, waits again or is unknown: words that only delivery knows."""

from enum import StrEnum


class DeliveryReason(StrEnum):
    """Reasons of rows of the outbox; one that a mail server simply took has none."""

    FOLDER = "folder"
    TEMPLATE = "template"
    ADDRESS = "address"
    BOUNCED = "bounced"
    REFUSED = "refused"
    DEFERRED = "deferred"
    SENDER_REFUSED = "sender_refused"
    LIMIT = "limit"
    NO_REPLY = "no_reply"
    SENDER_GONE = "sender_gone"
