"""The addresses of ours that stand in e-mails: made when one is composed, read when one comes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.domain.signed_links import LONGEST, LinkPurpose, read_signed, signed
from core.domain.values import JsonValue

_MESSAGE, _PERSON, _ADDRESS = "m", "u", "a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a link of ours says: the key of the message, and whose it was or where it leads."""

    message_key: str
    user_id: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLinks:
    """Writes and reads the links of one installation; `public_url` has no slash at its end.

    A link says the key of its message, which is the same whenever the message is decided again.
    Those that must work when the message is long forgotten also say whose it was.
    """

    key: bytes = field(repr=False)
    public_url: str

    def click(self, message_key: str, url: str) -> str | None:
        """Give the link that counts a click and leads on; None if it would be too long."""
        token = self._token(LinkPurpose.CLICK, {_MESSAGE: message_key, _ADDRESS: url})
        return self._at(LinkPurpose.CLICK, token) if len(token) <= LONGEST else None

    def opening(self, message_key: str) -> str:
        """Give the address of the invisible picture."""
        return self._of(LinkPurpose.OPEN, {_MESSAGE: message_key})

    def unsubscribe(self, message_key: str, user_id: str) -> str:
        """Give the address that ends the sending: a page for people, one POST for programs."""
        return self._of(LinkPurpose.UNSUBSCRIBE, {_MESSAGE: message_key, _PERSON: user_id})

    def preferences(self, message_key: str, user_id: str) -> str:
        """Give the address of the page on which somebody chooses what they get."""
        return self._of(LinkPurpose.PREFERENCES, {_MESSAGE: message_key, _PERSON: user_id})

    def view(self, message_key: str) -> str:
        """Give the address of the e-mail as a web page."""
        return self._of(LinkPurpose.VIEW, {_MESSAGE: message_key})

    def read(self, purpose: LinkPurpose, token: str) -> Said | None:
        """Read a token; None for one that was not made here for this purpose."""
        return read_link(self.key, purpose, token)

    def _of(self, purpose: LinkPurpose, facts: Mapping[str, JsonValue]) -> str:
        return self._at(purpose, self._token(purpose, facts))

    def _token(self, purpose: LinkPurpose, facts: Mapping[str, JsonValue]) -> str:
        return signed(self.key, purpose, facts)

    def _at(self, purpose: LinkPurpose, token: str) -> str:
        return f"{self.public_url}/t/{purpose}/{token}"


def read_link(key: bytes, purpose: LinkPurpose, token: str) -> Said | None:
    """Read a token signed with `key`; None for one that was not made for this purpose."""
    facts = read_signed(key, purpose, token)
    if facts is None:
        return None
    said = {name: str(facts.get(name, "")) for name in (_MESSAGE, _PERSON, _ADDRESS)}
    return Said(message_key=said[_MESSAGE], user_id=said[_PERSON], url=said[_ADDRESS])
