"""The exceptions of the project: each message says what, where and how to mend it."""


class CampaignError(Exception):
    """A promise that could not be kept; its text is shown to people as it is."""


class UnusableInput(CampaignError):
    """What a person gave cannot be used: nothing was changed, and the text says how to mend it."""


class Cancelled(CampaignError):
    """The person stopped a long task; nothing was changed."""
