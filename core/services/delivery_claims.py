"""Taking messages from the outbox, no more than may leave now, over all and to each domain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from core.live.delivery.limits import Limits
from core.live.delivery.reasons import DeliveryReason
from core.live.worlds import planned
from core.services.delivery_settings import DeliverySettings
from core.store import live_launches, live_outbox, live_people
from core.store.live_outbox import OutboxMessage

BATCH = 200
MOST_DOMAINS = 200  # asked of the database at once, of those that had to wait
ALIVE_FOR = timedelta(seconds=15) // timedelta(microseconds=1)
# What a sandbox decided before somebody wrote a seed list is not sent to it later.
SANDBOX_FOR = timedelta(hours=24) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Messages that one sender holds, under a name that no other claim has.

    `addresses` are those of the profiles by user id, `names` the launches' by id, and `stale_after`
    (µs) that of each version of a campaign. `is_cut` says that limits keep more from leaving now.
    """

    sender: str
    messages: Sequence[OutboxMessage]
    addresses: Mapping[str, str]
    names: Mapping[int, str]
    stale_after: Mapping[int, int]
    is_cut: bool


def claim_batch(
    session: Session,
    limits: Limits,
    settings: DeliverySettings,
    *,
    now: int,
    is_sandbox: bool = False,
    most: int = BATCH,
) -> Claim:
    """Take what may leave now (µs); what its domain's limit forbids waits without being in the way.

    Several workers share the limits: each takes its part of them.
    """
    sender, seconds = uuid4().hex, now / 1e6
    share = max(1, _worker_count(session, now))
    limits.change(settings.per_second / share, settings.per_domain_per_second / share)
    granted = limits.grant(most, seconds)
    taken: list[OutboxMessage] = []
    if is_sandbox:
        since = now - SANDBOX_FOR
        taken = live_outbox.claim(
            session, now, granted, is_sandbox=True, sender=sender, since=since
        )
        addresses: dict[str, str] = {}
    else:
        taken = _that_waited(session, limits, sender, now, granted)
        new = live_outbox.claim(session, now, granted - len(taken), sender=sender)
        addresses = _addresses(session, [*taken, *new])
        taken += _within_limits(session, limits, sender, now, new, addresses)
    is_cut = len(taken) == granted or (
        not is_sandbox and bool(live_outbox.waiting_domains(session, now, 1))
    )
    limits.give_back(granted - len(taken))
    launches = live_launches.stored_launches(session)
    versions = {message.version_id for message in taken}
    return Claim(
        sender=sender,
        messages=taken,
        addresses=addresses,
        names={launch.id: launch.name for launch in launches},
        stale_after={
            version.id: planned(version.document).stale_after
            for launch in launches
            for version in launch.versions
            if version.id in versions
        },
        is_cut=is_cut,
    )


def domain_of(address: str) -> str:
    """Give the domain of an address in lower case."""
    return address.strip().rpartition("@")[2].lower()


def _that_waited(
    session: Session, limits: Limits, sender: str, now: int, granted: int
) -> list[OutboxMessage]:
    """Take what had to wait for its domain; half of what is granted is for others at least."""
    taken: list[OutboxMessage] = []
    room = max(1, granted // 2) if granted else 0
    for domain in live_outbox.waiting_domains(session, now, MOST_DOMAINS) if room else []:
        wanted = limits.grant_to(domain, room - len(taken), now / 1e6)
        if wanted:
            found = live_outbox.claim(session, now, wanted, sender=sender, domain=domain)
            limits.give_back_to(domain, wanted - len(found))
            taken += found
    return taken


def _within_limits(
    session: Session,
    limits: Limits,
    sender: str,
    now: int,
    messages: Sequence[OutboxMessage],
    addresses: Mapping[str, str],
) -> list[OutboxMessage]:
    """Put back what a domain's limit does not allow; give the others."""
    by_domain: dict[str, list[OutboxMessage]] = {}
    for message in messages:
        by_domain.setdefault(domain_of(addresses.get(message.user_id, "")), []).append(message)
    kept: list[OutboxMessage] = []
    for domain, group in by_domain.items():
        granted = limits.grant_to(domain, len(group), now / 1e6) if domain else len(group)
        kept += group[:granted]
        if group[granted:]:
            live_outbox.put_back(
                session,
                [message.id for message in group[granted:]],
                sender,
                now=now,
                domain=domain,
                reason=DeliveryReason.LIMIT,
            )
    return sorted(kept, key=lambda message: (message.due_at, message.id))


def _addresses(session: Session, messages: Sequence[OutboxMessage]) -> dict[str, str]:
    profiles = live_people.profiles_of(session, {message.user_id for message in messages})
    return {user_id: profile.email or "" for user_id, profile in profiles.items()}


def _worker_count(session: Session, now: int) -> int:
    return sum(seen_at > now - ALIVE_FOR for _, _, seen_at in live_launches.workers(session))
