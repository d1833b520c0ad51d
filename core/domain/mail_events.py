"""What may become of an e-mail, as events of its person."""

from enum import StrEnum

DELIVERY = "delivery"  # the source of these events, where it is ours


class MailEvent(StrEnum):
    """The names of these events."""

    SENT = "email_sent"
    DELIVERED = "email_delivered"
    OPENED = "email_opened"
    CLICKED = "email_clicked"
    BOUNCED = "email_bounced"
    COMPLAINED = "email_complained"
    UNSUBSCRIBED = "email_unsubscribed"
    WITHHELD = "email_withheld"


# What is no deed of the person whose event it is.
OUR_DOING = frozenset({MailEvent.SENT, MailEvent.DELIVERED, MailEvent.BOUNCED, MailEvent.WITHHELD})
