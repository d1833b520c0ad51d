"""Double opt-in: a sign-up by a form counts only once its e-mail was answered."""

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.domain.calls import ANONYMOUS
from core.domain.consents import MARKETING_NAME, ConsentSource, ConsentState
from core.domain.errors import UnusableInput
from core.domain.instants import as_microseconds, iso
from core.domain.reach import EMAIL
from core.domain.sign_ups import AskedSignUp, LinkState, SignUpForm
from core.domain.signed_links import LinkPurpose, read_signed, signed
from core.services.consents import purposes, record_consent
from core.services.delivery_settings import is_mailbox
from core.services.live_events import merge_profiles
from core.services.signing import signing_key
from core.store import live_people, person_links, sign_ups
from core.store.address_holders import holders_of
from core.store.database import reading, writing
from core.store.personal_rows import ERASED
from core.store.sign_ups import SignUp

VALID_FOR = timedelta(days=7)
FORM = "sign-up form"
_BETWEEN, _DAY, _MOST_A_DAY = timedelta(minutes=1), timedelta(days=1), 3
_LONGEST_TEXT, _LONGEST_ADDRESS = 1_000, 254
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"]{1,64}@(?:[\w-]{1,63}\.)+[^\W\d_][\w-]{1,62}")


def sign_up(database: Engine, form: SignUpForm, *, at: datetime) -> None:
    """Note a sign-up and have its owner asked by e-mail; nobody learns whether they are known.

    Raises UnusableInput for an address or a purpose that is none.
    """
    address = form.address.strip().lower()
    is_one = len(address) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(address) is not None
    if not is_one or not is_mailbox(address):
        raise UnusableInput("this is no e-mail address; write it as name@example.com")
    known = {purpose.name for purpose in purposes(database)}
    wanted = list(dict.fromkeys(form.purposes)) or [MARKETING_NAME]
    unknown = next((name for name in wanted if name not in known), None)
    if unknown is not None:
        raise UnusableInput(f"there is no purpose {unknown[:60]!r}; the page Settings lists them")
    key, now = signing_key(database, at), as_microseconds(at)
    with writing(database) as session:
        person_links.begin(session, links=True)
        user_id = _person(session, address, form.anonymous_id, key)
        if _is_too_often(session, address, at) or _is_dead(session, address):
            return
        evidence = _evidence(form, at)
        sign_ups.add_sign_up(session, user_id, address, wanted, evidence, now)
        for purpose in wanted:
            state, source = ConsentState.PENDING, FORM
            record_consent(
                session, user_id, purpose, state, at=at, source=source, evidence=evidence
            )


def confirmation_token(key: bytes, sign_up: SignUp) -> str:
    """Write the token of the link by which a sign-up is confirmed.

    It says the time as well: a number whose sign-up was erased may be given once more.
    """
    return signed(key, LinkPurpose.CONFIRM, {"s": sign_up.id, "t": sign_up.asked_at})


def asked(database: Engine, token: str, *, at: datetime) -> AskedSignUp | None:
    """Say what a link is worth, and what it confirms; None for one that is none of ours."""
    found = _found(database, token, at)
    if found is None:
        return None
    title_by_name = {purpose.name: purpose.title for purpose in purposes(database)}
    return AskedSignUp(
        state=_state(found, at),
        address=found.address,
        titles=[title_by_name[name] for name in found.purposes if name in title_by_name],
    )


def confirm(database: Engine, token: str, *, at: datetime, host: str = "") -> AskedSignUp | None:
    """Record the consent of whoever pressed the button; the same once more changes nothing."""
    found = _found(database, token, at)
    if found is not None and _state(found, at) is LinkState.OPEN:
        known = {purpose.name for purpose in purposes(database)}
        with writing(database) as session:
            person_links.begin(session, links=True)
            _confirm(session, found, known, at, host)
    return asked(database, token, at=at)


def _confirm(
    session: Session, found: SignUp, known: Collection[str], at: datetime, host: str
) -> None:
    sign_ups.confirm(session, found.id)
    live_people.allow_digest(session, found.address)  # who was erased may come back
    people = _people(session, found)
    evidence = (
        f"Confirmed by the link sent to {found.address}, from {shortened(host)}. {found.evidence}"
    )
    for user_id in people:
        for purpose in found.purposes:
            if purpose in known:
                state, source = ConsentState.GIVEN, ConsentSource.DOUBLE_OPT_IN.value
                record_consent(
                    session, user_id, purpose, state, at=at, source=source, evidence=evidence
                )
    profile = live_people.profiles_of(session, [people[0]]).get(people[0])
    if profile is None or not profile.email:
        merge_profiles(session, {people[0]: {EMAIL: found.address}}, saved_at=at)


def _found(database: Engine, token: str, at: datetime) -> SignUp | None:
    facts = read_signed(signing_key(database, at), LinkPurpose.CONFIRM, token)
    number = None if facts is None else facts.get("s")
    if facts is None or not isinstance(number, int):
        return None
    with reading(database) as session:
        found = sign_ups.sign_up(session, number)
    return found if found is not None and found.asked_at == facts.get("t") else None


def _state(found: SignUp, at: datetime) -> LinkState:
    if found.state == sign_ups.CONFIRMED:
        return LinkState.CONFIRMED
    is_old = as_microseconds(at - VALID_FOR) >= found.asked_at
    return LinkState.TOO_OLD if is_old else LinkState.OPEN


def shortened(host: str) -> str:
    """Give an internet address without the part that names a household: `192.0.2.0/24`."""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return "an unknown address"
    length = 24 if found.version == 4 else 48
    return str(ipaddress.ip_network(f"{found}/{length}", strict=False))


def _person(session: Session, address: str, anonymous_id: str, key: bytes) -> str:
    """Give whom an address belongs to; a browser is believed only where it claims nobody else's."""
    holders = sorted(holders_of(session, [address]).get(address, ()))
    if holders:
        return holders[0]
    if anonymous_id and len(anonymous_id) <= 250:
        visitor = f"{ANONYMOUS}{anonymous_id}"
        user_id = person_links.owners(session, [visitor]).get(visitor, visitor)
        known = live_people.profiles_of(session, [user_id]).get(user_id)
        if known is None or not known.email:
            return user_id
    digest = hmac.new(key, address.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return f"subscriber:{digest.hexdigest()[:20]}"


def _people(session: Session, found: SignUp) -> list[str]:
    """Give everybody whose word a confirmation is: all who have the address."""
    owner = person_links.owners(session, [found.user_id]).get(found.user_id, found.user_id)
    others = holders_of(session, [found.address]).get(found.address, ())
    return list(dict.fromkeys([owner, *sorted(others)]))


def _is_too_often(session: Session, address: str, at: datetime) -> bool:
    last = sign_ups.asked_since(session, address, as_microseconds(at - _BETWEEN))
    day = sign_ups.asked_since(session, address, as_microseconds(at - _DAY))
    return last > 0 or day >= _MOST_A_DAY


def _is_dead(session: Session, address: str) -> bool:
    """Say whether the address bounced or complained; an erased one may ask for e-mails again."""
    return live_people.suppression_reason(session, address) not in (None, ERASED)


def _evidence(form: SignUpForm, at: datetime) -> str:
    parts = [f"Signed up {iso(as_microseconds(at))} from {shortened(form.host)}"]
    if form.page:
        parts.append(f"on {form.page[:_LONGEST_TEXT]}")
    said = " ".join(form.shown.split())[:_LONGEST_TEXT]
    return " ".join(parts) + (f", where it said: “{said}”" if said else "")
