"""Double opt-in: a form asks, an e-mail asks back, a button confirms."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import Engine, text
from starlette.applications import Starlette

from core.api.pages import Sender
from core.api.sign_up import SignUps, sign_up_routes
from core.domain.consents import ConsentState
from core.domain.instants import as_microseconds
from core.domain.mail_servers import Encryption, MailServer
from core.rendering.renderer import Renderer
from core.rendering.templates import load_partials, load_template
from core.services import double_opt_in
from core.services.company import Company, keep_company
from core.services.confirmation_mails import Confirmations
from core.services.consents import consents_of, history_of, keep_purposes, record_consent
from core.services.delivering import Outgoing
from core.services.delivery_settings import DeliverySettings, keep_delivery_settings
from core.services.live_events import profile, save_profiles, suppress
from core.services.write_keys import KnownKeys, create_key
from core.settings import REPOSITORY
from core.store import sign_ups
from core.store.address_holders import holders_of
from core.store.database import reading, writing
from tests.api.asking import NOW, Answer, Clock, asked, awaited, basic
from tests.live.delivery.sinks import GO_ON, Sink, serving

ANN = "ann@example.org"
TEMPLATES = REPOSITORY / "templates"
COMPANY = Company(
    name="Fell & Grove",
    address="12 Harbour Lane",
    url="https://shop.example.com",
    cart_url="https://shop.example.com/cart",
    sender_address="hello@shop.example.com",
)


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    made = Renderer()
    yield made
    made.close()


@dataclass
class Shop:
    """An installation with the routes of sign-ups, and e-mails that go into a folder."""

    database: Engine
    home: Path
    renderer: Renderer
    server: MailServer | None = None
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.key = create_key(self.database, "form", created_at=NOW)
        keep_company(self.database, COMPANY, changed_at=NOW)
        keep_delivery_settings(
            self.database, DeliverySettings(public_url="https://mail.example.com"), changed_at=NOW
        )
        keep_purposes(self.database, [("Newsletter", "What is new")], changed_at=NOW)
        self.app = Starlette(
            routes=sign_up_routes(
                SignUps(
                    sender_of=KnownKeys(lambda: self.database, self.clock).sender_of,
                    sign_up=lambda form: double_opt_in.sign_up(
                        self.database, form, at=self.clock()
                    ),
                    asked=lambda token: double_opt_in.asked(self.database, token, at=self.clock()),
                    confirm=lambda token, host: double_opt_in.confirm(
                        self.database, token, at=self.clock(), host=host
                    ),
                    company=lambda: Sender(name="Fell & Grove"),
                    clock=self.clock,
                )
            )
        )

    def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        sent = {"authorization": basic(self.key), **(headers or {})}
        return awaited(asked(self.app, method, path, sent, body))

    def sign_up(self, address: str = ANN, **fields: object) -> Answer:
        said = {"email": address, **fields}
        return self.request("POST", "/v1/subscribe", json.dumps(said).encode())

    def send(self) -> int:
        template = load_template(TEMPLATES / "transactional" / "confirm_sign_up.mjml")
        whole = replace(template, partials=load_partials(TEMPLATES))
        return Confirmations(
            database=self.database,
            outgoing=Outgoing(server=self.server, sender="", folder=self.home / "outbox"),
            template=lambda: whole,
            renderer=lambda: self.renderer,
            public_url=lambda: "https://mail.example.com",
        ).run(self.clock())

    def mails(self) -> list[EmailMessage]:
        found = sorted((self.home / "outbox").glob("*.eml"))
        return [message_from_bytes(p.read_bytes(), policy=policy.default) for p in found]  # type: ignore[misc]  # what this policy makes

    def link(self) -> str:
        (mail,) = self.mails()
        text = mail.get_body(("plain",))
        assert text is not None
        found = re.search(r"https://mail\.example\.com(/t/k/[\w.-]+)", text.get_content())
        assert found is not None
        return found[1]

    def person(self) -> str:
        with reading(self.database) as session:
            (user_id,) = holders_of(session, [ANN])[ANN]
        return user_id

    def states(self, user_id: str) -> dict[str, ConsentState | None]:
        return {one.purpose.name: one.state for one in consents_of(self.database, user_id)}


@pytest.fixture
def shop(database: Engine, tmp_path: Path, renderer: Renderer) -> Shop:
    return Shop(database, tmp_path, renderer)


def test_a_sign_up_counts_once_its_button_was_pressed(shop: Shop) -> None:
    answer = shop.sign_up(purposes=["marketing", "newsletter"], text="Yes, send me offers")
    count = shop.send()
    page = shop.request("GET", shop.link())
    shop.clock.move(timedelta(hours=1))

    done = shop.request("POST", shop.link())

    assert (answer.status, answer.said) == (200, {"success": True})
    assert count == 1
    assert b"Yes, sign me up" in page.body
    assert b"You are signed up" in done.body
    assert shop.states(shop.person()) == {
        "marketing": ConsentState.GIVEN,
        "newsletter": ConsentState.GIVEN,
    }
    assert consents_of(shop.database, shop.person())[0].is_reachable
    proof = history_of(shop.database, shop.person())[0].evidence
    assert "Yes, send me offers" in proof
    assert "127.0.0.0/24" in proof
    assert f"sent to {ANN}" in proof


def test_a_scanner_that_follows_the_link_changes_nothing(shop: Shop) -> None:
    shop.sign_up(anonymousId="cookie")
    shop.send()

    for method in ("GET", "HEAD", "GET"):
        shop.request(method, shop.link())

    assert shop.states("anon:cookie")["marketing"] is ConsentState.PENDING
    assert not consents_of(shop.database, "anon:cookie")[0].is_reachable


def test_the_mail_goes_to_whoever_unsubscribed_as_well(shop: Shop) -> None:
    save_profiles(shop.database, {"u1": {"email": ANN}}, saved_at=NOW)
    record_consent(shop.database, "u1", "marketing", "withdrawn", at=NOW, source="link")
    shop.sign_up()
    shop.send()

    before = consents_of(shop.database, "u1")[0].is_reachable
    shop.clock.move(timedelta(minutes=1))
    shop.request("POST", shop.link())

    (mail,) = shop.mails()
    assert mail["To"] == ANN
    assert mail["Subject"] == "Please confirm that you signed up at Fell & Grove"
    assert (before, consents_of(shop.database, "u1")[0].is_reachable) == (False, True)


def test_after_seven_days_the_link_is_worth_nothing(shop: Shop) -> None:
    shop.sign_up(anonymousId="cookie")
    shop.send()
    shop.clock.move(timedelta(days=7))

    answers = [shop.request(method, shop.link()) for method in ("GET", "POST")]

    assert [answer.status for answer in answers] == [410, 410]
    assert shop.states("anon:cookie")["marketing"] is ConsentState.PENDING


@pytest.mark.parametrize("change", ["x", "", "."])
def test_a_forged_link_is_none_of_ours(shop: Shop, change: str) -> None:
    shop.sign_up(anonymousId="cookie")
    shop.send()

    answer = shop.request("POST", f"{shop.link()[:-2]}{change}")

    assert answer.status == 404
    assert shop.states("anon:cookie")["marketing"] is ConsentState.PENDING


def test_nobody_learns_who_is_known_and_nobody_is_taken_over(shop: Shop) -> None:
    save_profiles(shop.database, {"u1": {"email": ANN, "consent": True}}, saved_at=NOW)

    known = shop.sign_up(ANN, anonymousId="stranger", userId="u1")
    unknown = shop.sign_up("zoe@example.org", userId="u1")

    assert known == unknown
    assert profile(shop.database, "u1") == {"email": ANN, "consent": True}
    assert consents_of(shop.database, "u1")[0].is_reachable


def test_a_mailbox_is_not_flooded(shop: Shop) -> None:
    for _ in range(5):
        shop.sign_up()
        shop.clock.move(timedelta(minutes=2))
    shop.send()

    assert len(shop.mails()) == 3


def test_one_visitor_cannot_sign_up_the_world(shop: Shop) -> None:
    answers = [shop.sign_up(f"p{number}@example.org").status for number in range(12)]
    shop.clock.move(timedelta(minutes=2))

    assert answers == [200] * 10 + [429] * 2
    assert shop.sign_up("late@example.org").status == 200


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"email": "nobody"}, "no e-mail address"),
        ({"email": "a@b.example\r\nBcc: x@y.example"}, "no e-mail address"),
        ({"email": "jürgen@example.org"}, "no e-mail address"),
        ({"email": "a..b@example.org"}, "no e-mail address"),
        ({"email": f"a@{'ß' * 60}.example"}, "no e-mail address"),
        ({"purposes": ["parties"]}, "no purpose 'parties'"),
        ({"purposes": [1]}, "list of names"),
    ],
)
def test_what_cannot_be_used_is_said(shop: Shop, fields: dict[str, object], said: str) -> None:
    answer = shop.request("POST", "/v1/subscribe", json.dumps({"email": ANN, **fields}).encode())

    assert answer.status == 400
    assert said in answer.said["message"]


def test_an_address_that_cannot_be_written_to_keeps_nobody_from_their_e_mail(shop: Shop) -> None:
    with writing(shop.database) as session:
        sign_ups.add_sign_up(session, "u", f"a@{'ß' * 60}.example", [], "", as_microseconds(NOW))
    shop.sign_up()

    shop.send()

    assert [mail["To"] for mail in shop.mails()] == [ANN]


@pytest.mark.parametrize(
    ("stage", "answer"), [("MAIL", "550 5.7.1 not you"), ("RCPT", "554 5.7.1 Relay access denied")]
)
def test_while_the_server_refuses_us_nobodys_sign_up_is_lost(
    shop: Shop, stage: str, answer: str
) -> None:
    sink = Sink(said=lambda reached, _: answer if reached == stage else GO_ON)
    shop.sign_up()

    with serving(sink) as shop.server:
        shop.send()
        sink.said = lambda _stage, _address: GO_ON
        shop.clock.move(timedelta(minutes=1))
        shop.send()

    assert sink.recipients() == [ANN]


def test_the_link_of_an_erased_sign_up_confirms_no_later_one(shop: Shop) -> None:
    shop.sign_up("mallory@example.org")
    shop.send()
    link = shop.link()
    with shop.database.begin() as connection:
        connection.execute(text("DELETE FROM sign_ups"))
    shop.clock.move(timedelta(minutes=2))
    shop.sign_up(anonymousId="cookie")

    answer = shop.request("POST", link)
    shop.send()

    assert answer.status == 404
    assert [mail["To"] for mail in shop.mails()] == ["mallory@example.org", ANN]
    assert shop.states("anon:cookie")["marketing"] is ConsentState.PENDING


def test_a_plain_form_of_a_page_works_and_needs_a_key(shop: Shop) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}
    said = {"email": ANN, "purposes": "newsletter", "writeKey": shop.key}

    page = awaited(asked(shop.app, "POST", "/v1/subscribe", headers, urlencode(said).encode()))
    without = urlencode({**said, "writeKey": "wb_wrong"}).encode()
    refused = awaited(asked(shop.app, "POST", "/v1/subscribe", headers, without))
    shop.send()

    assert b"Look into your mailbox" in page.body
    assert refused.status == 401
    assert [mail["To"] for mail in shop.mails()] == [ANN]


def test_an_address_that_bounced_is_not_written_to(shop: Shop) -> None:
    suppress(shop.database, [ANN], reason="hard_bounce", source="smtp", at=NOW)

    answer = shop.sign_up()

    assert answer.status == 200
    assert shop.send() == 0


def test_nothing_leaves_before_the_company_is_set_and_then_it_does(shop: Shop) -> None:
    keep_company(shop.database, Company(), changed_at=NOW)
    shop.sign_up()

    before = shop.send()
    keep_company(shop.database, COMPANY, changed_at=NOW)

    assert (before, shop.send(), shop.send()) == (0, 1, 0)


def test_a_server_that_is_away_is_asked_again_later(shop: Shop) -> None:
    shop.server = MailServer(host="127.0.0.1", port=9, encryption=Encryption.NONE)
    shop.sign_up()

    first, soon = shop.send(), shop.send()
    shop.clock.move(timedelta(minutes=1))
    later = shop.send()

    assert (first, soon, later) == (1, 0, 1)
