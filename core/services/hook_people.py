"""Whom a webhook is about: by our user id, by e-mail, or by the vendor's own number."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from core.domain.calls import Link
from core.services.hook_reading import Meant
from core.services.public_calls import FROM_PAGE
from core.store import hooks, live_people, person_links

BY_EMAIL = "email:"
LONGEST_ID = 255


@dataclass(slots=True, kw_only=True)
class Known:
    """Whom items are about, in their order ("" is nobody), and who turned out to be whom.

    `without_address` are people of whom no e-mail is known yet, but what a page may have said.
    """

    people: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    without_address: set[str] = field(default_factory=set)


def who(session: Session, source: str, items: Sequence[Meant]) -> Known:
    """Find the people of items.

    In this order: the user id that the vendor says; somebody whose profile has the e-mail; where
    the e-mail is told as a trait, whoever the vendor's number was linked to before;
    `email:ADDRESS`; without an e-mail that owner of the number, or the number itself.
    """
    addresses = {one.email for one in items if is_address(one.email)}
    by_email = hooks.people_by_email(session, addresses)
    numbers = {number for one in items for number in _numbers(source, one)}
    owners = person_links.owners(session, numbers | {BY_EMAIL + one for one in addresses})
    found = Known()
    for one in items:
        person = _person(source, one, by_email, owners)
        found.people.append(person)
        found.links += _links(source, one, person, by_email, owners)
    profiles = live_people.profiles_of(session, {owners.get(one, one) for one in found.people})
    for person in found.people:
        profile = profiles.get(owners.get(person, person))
        # What a page says of an address, it may say of anybody: the vendor's word is better.
        if profile is None or not profile.email or profile.traits.get(FROM_PAGE):
            found.without_address.add(person)
    return found


def is_address(text: str) -> bool:
    """Say whether a text is an e-mail address, as far as matching people asks."""
    name, _, host = text.rpartition("@")
    has_space = any(sign.isspace() for sign in text)
    return bool(name and host) and not has_space and len(BY_EMAIL + text) <= LONGEST_ID


def _numbers(source: str, one: Meant) -> list[str]:
    named = (f"{source}:{number}" for number in one.known_as)
    return [number for number in named if len(number) <= LONGEST_ID]


def _person(source: str, one: Meant, by_email: dict[str, list[str]], owners: dict[str, str]) -> str:
    if one.user_id:
        return one.user_id
    numbers = _numbers(source, one)
    # The first number names the person; the others may be of what several people share, as a deal.
    linked = owners.get(numbers[0]) if numbers else None
    if is_address(one.email):
        # Somebody known by a user id before somebody known by this address only.
        with_address = sorted(
            by_email.get(one.email, []), key=lambda user: (user.startswith(BY_EMAIL), user)
        )
        # What a record of the vendor says of a person's address may be that it is a new one. Who
        # merely orders under it, in the same cart or for the same customer, may be somebody else.
        owner = linked if "email" in one.traits else None
        return with_address[0] if with_address else (owner or BY_EMAIL + one.email)
    return linked or (numbers[0] if numbers else "")


def _links(
    source: str,
    one: Meant,
    person: str,
    by_email: dict[str, list[str]],
    owners: dict[str, str],
) -> list[Link]:
    """Say which other ids are this person: the vendor's numbers, and the address if it was one."""
    others = _numbers(source, one)
    if BY_EMAIL + one.email in by_email.get(one.email, []):
        others.append(BY_EMAIL + one.email)
    known = owners.get(person, person)
    return [
        Link(previous_id=other, user_id=person)
        for other in others
        if other != person and owners.get(other, other) != known
    ]
