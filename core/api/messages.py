"""From one message of the Segment HTTP API to what it means: events, traits, links."""

import json
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

from core.api.cleaning import kept, kept_context, page_of
from core.api.limits import Limits
from core.api.moments import happened_at, said_at
from core.api.refusals import UnusableMessage
from core.domain.calls import ANONYMOUS, Call, Link, Traits, anonymous
from core.domain.events import Event
from core.domain.reach import EMAIL


class Kind(StrEnum):
    """What a message can be."""

    IDENTIFY = "identify"
    TRACK = "track"
    PAGE = "page"
    SCREEN = "screen"
    GROUP = "group"
    ALIAS = "alias"


Message = Mapping[str, Any]


class Reader:
    """Understands the messages of one request, which share a sender's clock.

    `denied` are names of properties in lower case; `behind` is the clock error of the sender.
    """

    def __init__(
        self, *, received_at: datetime, behind: timedelta, denied: frozenset[str], limits: Limits
    ) -> None:
        self._received_at = received_at
        self._behind = behind
        self._denied = denied
        self._limits = limits
        self._derived = Counter[str]()

    def calls(self, kind: Kind, message: Message) -> list[Call]:
        """Give what a message means, in order; raises UnusableMessage."""
        return _MEANINGS[kind](self, message)

    def _track(self, message: Message) -> list[Call]:
        name = message.get("event")
        if not isinstance(name, str) or not name.strip():
            raise UnusableMessage("a track call needs the name of its event in 'event'")
        if len(name) > self._limits.id_length:
            raise UnusableMessage(f"'event' is longer than {self._limits.id_length} characters")
        properties = self._object(message, "properties")
        self._add_context(properties, message)
        return [self._event(name, properties, message)]

    def _page(self, message: Message) -> list[Call]:
        return [self._view(Kind.PAGE, message)]

    def _screen(self, message: Message) -> list[Call]:
        return [self._view(Kind.SCREEN, message)]

    def _view(self, kind: Kind, message: Message) -> Event:
        page = self._kept(page_of(_context(message)), "context.page")
        properties = {**page, **self._object(message, "properties")}
        for field in ("name", "category"):
            if isinstance(message.get(field), str) and field not in self._denied:
                properties.setdefault(field, message[field])
        self._add_context(properties, message, without="page")
        return self._event(kind.value, properties, message)

    def _identify(self, message: Message) -> list[Call]:
        person, nobody = self._person(message), self._id(message, "anonymousId")
        # RudderStack's clients put the traits into the context.
        traits = {
            **self._kept(_context(message).get("traits"), "context.traits"),
            **self._object(message, "traits"),
        }
        self._check_address(traits.get(EMAIL))
        calls: list[Call] = []
        if nobody is not None and person != anonymous(nobody):
            calls.append(Link(previous_id=anonymous(nobody), user_id=person))
        if traits:
            calls.append(Traits(user_id=person, traits=traits))
        return calls

    def _check_address(self, address: object) -> None:
        most = self._limits.email_length
        if isinstance(address, str) and len(address) > most:
            raise UnusableMessage(f"the trait 'email' is longer than {most} characters")

    def _group(self, message: Message) -> list[Call]:
        group = self._id(message, "groupId")
        if group is None:
            raise UnusableMessage("a group call needs a 'groupId'")
        traits: dict[str, Any] = {
            "group_id": group,
            "group": self._object(message, "traits"),
        }
        return [Traits(user_id=self._person(message), traits=traits)]

    def _alias(self, message: Message) -> list[Call]:
        previous, person = self._id(message, "previousId"), self._id(message, "userId")
        if previous is None or person is None:
            raise UnusableMessage("an alias call needs a 'previousId' and a 'userId'")
        _refuse_reserved(person)
        former = previous.removeprefix(ANONYMOUS)
        ids = [anonymous(former)] if former in (person, "") else [anonymous(former), former]
        return [Link(previous_id=one, user_id=person) for one in ids]

    def _event(self, name: str, properties: dict[str, Any], message: Message) -> Event:
        person = self._person(message)
        at = happened_at(message, self._behind, self._received_at)
        return Event(
            event_id=self._id(message, "messageId")
            or self._new_id(person, name, properties, said_at(message)),
            user_id=person,
            event=name,
            timestamp=self._received_at if at is None else at,
            properties=properties,
        )

    def _new_id(
        self, person: str, name: str, properties: Mapping[str, Any], said_at: object
    ) -> str:
        """Make an id for a message without one; sent again, one that says its time is the same.

        It is made of the time as it was said: corrected, it depends on when the message came.
        """
        if said_at is None:
            return secrets.token_hex(16)
        content = json.dumps([person, name, said_at, properties], sort_keys=True)
        digest = sha256(content.encode()).hexdigest()[:32]
        self._derived[digest] += 1
        return f"{digest}-{self._derived[digest]}"

    def _person(self, message: Message) -> str:
        known, nobody = self._id(message, "userId"), self._id(message, "anonymousId")
        if known is not None:
            _refuse_reserved(known)
            return known
        if nobody is None:
            raise UnusableMessage("it says of nobody: give a 'userId' or an 'anonymousId'")
        return anonymous(nobody)

    def _id(self, message: Message, field: str) -> str | None:
        """Read an id: text as it is, a whole number as it is written."""
        found = message.get(field)
        if found is None or found == "":
            return None
        if isinstance(found, int) and not isinstance(found, bool):
            found = str(found)
        if not isinstance(found, str):
            raise UnusableMessage(f"{field!r} has to be text")
        if len(found) > self._limits.id_length:
            raise UnusableMessage(f"{field!r} is longer than {self._limits.id_length} characters")
        return found

    def _object(self, message: Message, field: str) -> dict[str, Any]:
        return self._kept(message.get(field), field)

    def _kept(self, found: object, called: str) -> dict[str, Any]:
        return kept(found, called, self._denied, self._limits.depth)

    def _add_context(
        self, properties: dict[str, Any], message: Message, *, without: str = ""
    ) -> None:
        context = kept_context(_context(message), self._denied, self._limits.depth)
        context.pop(without, None)
        if context:
            properties.setdefault("context", context)


_MEANINGS: Mapping[Kind, Callable[[Reader, Message], list[Call]]] = {
    Kind.IDENTIFY: Reader._identify,
    Kind.TRACK: Reader._track,
    Kind.PAGE: Reader._page,
    Kind.SCREEN: Reader._screen,
    Kind.GROUP: Reader._group,
    Kind.ALIAS: Reader._alias,
}


def _context(message: Message) -> Mapping[str, Any]:
    found = message.get("context")
    return found if isinstance(found, dict) else {}


def _refuse_reserved(person: str) -> None:
    if person.startswith(ANONYMOUS):
        raise UnusableMessage(f"'userId' begins with {ANONYMOUS!r}, which marks anonymous people")
