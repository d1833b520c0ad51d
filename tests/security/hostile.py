"""An installation in which everything that somebody outside can name is named to do harm."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.domain.campaigns import Campaign
from core.domain.email_sources import EmailSource
from core.domain.events import Event
from core.history.reading import Dataset
from core.services.campaigns import save_campaign
from core.services.emails import save_email
from core.services.experiment_uploads import KeptResults, keep_results
from core.services.live_events import ingest
from core.services.live_launches import LaunchMode, launch
from core.services.live_ticks import tick
from core.services.stored_rehearsals import NamedVersion, RehearsalRecord, rehearse_and_keep
from tests.history.datasets import event
from tests.services.shops import stored

AT = datetime(2026, 9, 2, 8, 0, tzinfo=UTC)
SHOP = "shop"
# What Markdown, HTML and Plotly would make something of. A file's name has no slash or colon.
IMAGE = "![p](//evil.example/p.png)"
TAG = "<img src=x onerror=document.title=1337>"
SCRIPT = "</script><script>document.title=1337</script>"
MAIL = "![p](evil)$x$"
PLOTLY = "<b>bold</b><a href='http://evil.example'>a</a>"


def evil(name: str) -> str:
    """Give a name that does harm where it is taken for markup."""
    return f"{name}{IMAGE}{TAG}{PLOTLY}$x$`c` :red[r]{SCRIPT}"


def hostile_campaign() -> Campaign:
    """Give a campaign whose every name does harm."""
    added, bought = evil("add"), evil("buy")
    return Campaign.model_validate(
        {
            "name": evil("Camp")[:200],
            "description": evil("about"),
            "trigger": {
                "kind": "absence",
                "start": {
                    "event": added,
                    "where": [{"property": evil("colour"), "op": "eq", "value": evil("red")}],
                },
                "unless": {"event": bought},
                "within": "24h",
            },
            "audience": {"trait": evil("city"), "op": "eq", "value": evil("Rome")},
            "goal": {"event": {"event": bought}, "within": "7d"},
            "steps": [
                {
                    "id": evil("s")[:100],
                    "kind": "split",
                    "variants": [
                        {"name": evil("A"), "weight": 1, "next": evil("m")[:100]},
                        {"name": evil("B"), "weight": 1, "next": evil("w")[:100]},
                    ],
                },
                {
                    "id": evil("w")[:100],
                    "kind": "wait_for",
                    "event": {"event": bought},
                    "timeout": "2h",
                    "then": evil("z")[:100],
                    "otherwise": evil("u")[:100],
                },
                {
                    "id": evil("u")[:100],
                    "kind": "update_profile",
                    "set": {evil("trait"): evil("value")},
                },
                {"id": evil("m")[:100], "kind": "send", "template": "cart_recovery"},
                {"id": evil("z")[:100], "kind": "exit"},
            ],
        }
    )


def fill(home: Path) -> tuple[RehearsalRecord, KeptResults]:
    """Fill an installation: data, a campaign and its rehearsal, an e-mail, results of a test."""
    people = [evil(f"u{number}") for number in range(24)]
    events = [
        event(
            person,
            evil("add"),
            number,
            properties={evil("colour"): evil("red"), "product_id": evil("p"), "price": 20},
        )
        for number, person in enumerate(people)
    ]
    events += [event(person, evil("buy"), 200 + n) for n, person in enumerate(people[:12])]
    traits = {evil("city"): evil("Rome"), "email": "a@example.com", "first_name": evil("Ann")}
    dataset = stored(home, events, dict.fromkeys(people, traits), SHOP)
    campaign = hostile_campaign()
    save_campaign(
        bootstrap.database(), campaign, name=campaign.name, note=evil("note"), saved_at=AT
    )
    save_email(
        bootstrap.database(),
        bootstrap.starter_emails(),
        EmailSource(
            name=MAIL,
            subject=evil("subject {{ profile.first_name }}"),
            preheader=evil("preheader"),
            body="<mjml><mj-body><mj-section><mj-column><mj-text>{{ profile.first_name }}"
            "</mj-text></mj-column></mj-section></mj-body></mjml>",
            description=evil("description"),
        ),
        note=evil("note"),
        saved_at=AT,
    )
    _live(campaign, dataset, people)
    record = rehearse_and_keep(
        home, dataset, [NamedVersion(campaign=campaign, version=1)], made_at=AT
    )
    return record, _results(home)


def _live(campaign: Campaign, history: Dataset, people: Sequence[str]) -> None:
    """Let the campaign decide on what comes in: a few people leave a cart."""
    database = bootstrap.database()
    launch(database, campaign, launched_at=AT, mode=LaunchMode.SANDBOX, history=history)
    came = [
        Event(
            event_id=evil(f"e{number}"),
            user_id=person,
            event=evil("add"),
            timestamp=AT + timedelta(minutes=number),
            properties={evil("colour"): evil("red"), "product_id": evil("p")},
        )
        for number, person in enumerate(people)
    ]
    ingest(database, came, received_at=AT + timedelta(hours=1))
    tick(database, AT + timedelta(days=3))


def _results(home: Path) -> KeptResults:
    path = home / "results.csv"
    rows = [
        f'{number},"{evil(arm)}",2026-03-{1 + number % 28:02},{number % 3 == 0:d},"{evil("kind")}"'
        for arm in ("A", "B")
        for number in range(200)
    ]
    path.write_text(
        f'user,variant,exposed_at,goal,"{evil("group")}"\n'
        + "\n".join(f"{position}-{row}" for position, row in enumerate(rows))
        + "\n"
    )
    return keep_results(home, evil("Test"), path, kept_at=AT, window=timedelta(days=3))


def messages(app: AppTest) -> Iterator[tuple[str, Message]]:
    """Give everything that the page sends to the browser, each with its kind."""
    for node in app._tree:
        proto = getattr(node, "proto", None)
        if isinstance(proto, Message):
            yield type(node).__name__, proto
        for child in getattr(node, "children", {}).values():
            block = getattr(child, "proto", None)
            if isinstance(block, Message):
                yield type(child).__name__, block


def strings(message: Message, path: str = "") -> Iterator[tuple[str, str]]:
    """Give every text of a message with the way to it."""
    for descriptor, value in message.ListFields():
        here = f"{path}.{descriptor.name}"
        values = value if isinstance(value, (list, tuple)) or hasattr(value, "append") else [value]
        for one in values:
            if isinstance(one, Message):
                yield from strings(one, here)
            elif isinstance(one, str):
                yield here, one


def raw(app: AppTest) -> Mapping[tuple[str, str], str]:
    """Give the places in which something outside stands as it is: kind and field, with a sample."""
    found: dict[tuple[str, str], str] = {}
    for kind, message in messages(app):
        for path, text in strings(message):
            if IMAGE in text or TAG in text or "![p](evil)" in text:
                found.setdefault((kind, path), text)
    for table in app.table:  # its cells are Markdown, unlike a dataframe's
        frame = table.value.reset_index()
        for text in (str(cell) for cell in (*frame.columns, *frame.to_numpy().ravel())):
            if IMAGE in text or "![p](evil)" in text:
                found.setdefault(("Table", ".cell"), text)
    return found
