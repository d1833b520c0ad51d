"""What somebody may say with a key that lies open in every page: nothing that steers e-mails.

Such a key proves nothing of its sender. With it nobody can take over an address, agree or object
for somebody else, end the sending to them, or pretend what became of an e-mail.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from core.domain.calls import ANONYMOUS, Call, Delivery, Link, Rejection, Traits
from core.domain.events import Event
from core.domain.mail_events import MailEvent
from core.domain.reach import CONSENT, EMAIL, SUPPRESSED, TIMEZONE, UNSUBSCRIBED
from core.domain.values import JsonValue
from core.store import live_people
from core.store.address_holders import Holder, told_holders_of

# Whoever is new may say these once, as a form for a newsletter does.
FIRST_WORD = frozenset({EMAIL, CONSENT})
# The trait that says so: where an upload knows the person, its address goes first.
FROM_PAGE = "email_from_page"
NEVER = frozenset({UNSUBSCRIBED, SUPPRESSED, FROM_PAGE})
_OUTCOMES = frozenset(MailEvent)

Told = Mapping[str, JsonValue]


def sorted_out(delivery: Delivery) -> Delivery:
    """Take from what came with a public key whatever such a key never says."""
    if not delivery.is_public:
        return delivery
    calls = [call for call in delivery.calls if not _is_forbidden(call)]
    refused = [
        _refused_event(call)
        for call in delivery.calls
        if isinstance(call, Event) and _is_forbidden(call)
    ]
    return replace(delivery, calls=calls, rejections=[*delivery.rejections, *refused])


def is_known(known: Told) -> bool:
    """Say whether anything is known of somebody that decides what they are sent."""
    return any(known.get(name) is not None for name in FIRST_WORD | NEVER)


def light(told: Told) -> dict[str, JsonValue]:
    """Give the traits that decide nothing of what somebody is sent."""
    return {name: value for name, value in told.items() if name not in FIRST_WORD | NEVER}


def weighty(told: Told) -> dict[str, JsonValue]:
    """Give the traits that decide what somebody is sent and when, and those to be forgotten."""
    deciding = FIRST_WORD | NEVER | {TIMEZONE}
    return {name: value for name, value in told.items() if name in deciding or value is None}


class Guard:
    """Knows of whom what is known, and whose addresses are, when public keys tell traits."""

    def __init__(self, session: Session, told: Sequence[tuple[str, Told]]) -> None:
        weighty = [(person, traits) for person, traits in told if FIRST_WORD & traits.keys()]
        people = {person for person, _ in weighty}
        self._known = live_people.profiles_of(session, people) if people else {}
        self._holders = told_holders_of(session, _addresses(traits for _, traits in weighty))

    def usable(self, person: str, traits: Told, told: Told) -> tuple[dict[str, JsonValue], str]:
        """Give the traits that may be kept, and why others may not, empty where all may.

        `told` is what was said of the person meanwhile, and is not stored yet.
        """
        stored = self._known[person].traits if person in self._known else {}
        known = {**stored, **told}
        changed = [name for name in FIRST_WORD & traits.keys() if traits[name] != known.get(name)]
        refused = set(changed) if is_known(known) else set()
        refused |= {name for name in NEVER & traits.keys() if traits[name] != known.get(name)}
        address = traits.get(EMAIL)
        if EMAIL in changed and not is_known(known) and self._is_of_another(address, person):
            # Without an address of their own, nobody is sent anything: the rest decides nothing.
            refused |= {EMAIL, CONSENT} & traits.keys()
        elif EMAIL in changed and EMAIL not in refused and isinstance(address, str):
            self._holders.setdefault(_as_held(address), set()).add(Holder(person, False))
        left = {n: v for n, v in traits.items() if n not in refused and n not in NEVER}
        if EMAIL in left and EMAIL in changed:
            left[FROM_PAGE] = True
        return left, _why(sorted(refused - {FROM_PAGE}))

    def _is_of_another(self, address: JsonValue, person: str) -> bool:
        """Say whether others keep somebody from an address.

        A visitor who signed up does not keep a customer from it, unless they want nothing sent.
        """
        holders = self._holders.get(_as_held(address), set()) if isinstance(address, str) else set()
        is_customer = not person.startswith(ANONYMOUS)
        return any(
            holder.has_objected or not (is_customer and holder.user_id.startswith(ANONYMOUS))
            for holder in holders
            if holder.user_id != person
        )


def from_server(traits: Told) -> Told:
    """Give what a server says: whose address it says, its word is better than a page's."""
    return {**traits, FROM_PAGE: None} if EMAIL in traits else traits


def with_upload(live: Told, uploaded: Told) -> dict[str, JsonValue]:
    """Add what an upload knows of somebody to what live knows; live is newer, and goes first.

    But for an address that only a page said: anybody could have said it of anybody.
    """
    if not live.get(FROM_PAGE) or uploaded.get(EMAIL) is None:
        return {**uploaded, **live}
    own = {n: v for n, v in live.items() if n not in FIRST_WORD and n != FROM_PAGE}
    return {**uploaded, **own}


def refused_traits(reason: str) -> Rejection:
    """Note that traits of an identify call were not kept."""
    return Rejection(index=0, kind="identify", message_id=None, reason=reason)


def _is_forbidden(call: Call) -> bool:
    match call:
        case Event():
            return call.event in _OUTCOMES
        case Link():
            return not call.previous_id.startswith(ANONYMOUS)
        case Traits():
            return False


def _refused_event(event: Event) -> Rejection:
    return Rejection(
        index=0,
        kind="track",
        message_id=event.event_id,
        reason=f"{event.event!r} says what became of an e-mail, which a browser's key cannot; "
        "send it with a server's key, or give it another name",
    )


def _why(names: Sequence[str]) -> str:
    if not names:
        return ""
    listed = " and ".join(repr(name) for name in names)
    return (
        f"a browser's key may not set {listed} of somebody who is known, or with an address that "
        "somebody else has; send it with a server's key"
    )


def _addresses(told: Iterable[Told]) -> set[str]:
    found = {traits.get(EMAIL) for traits in told}
    return {address for address in found if isinstance(address, str) and address}


def _as_held(address: str) -> str:
    return address.strip().lower()
