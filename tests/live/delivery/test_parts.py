"""The small parts of delivery: limits, waits, ids and files."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.live.delivery.backoff import MOST_ATTEMPTS, wait_before
from core.live.delivery.folder import Folder, write_letter
from core.live.delivery.identities import LONGEST_KEY, key_of_message_id, message_id
from core.live.delivery.letters import Letter
from core.live.delivery.limits import MOST_DOMAINS, Limits
from core.live.delivery.verdicts import NotTaken, Refused, Stage

SECRET = b"secret of this installation"
MINUTE = timedelta(minutes=1) // timedelta(microseconds=1)


@given(
    rate=st.floats(0.1, 50),
    asked=st.lists(st.tuples(st.floats(0, 3), st.integers(0, 40)), min_size=1, max_size=40),
)
def test_no_second_sees_more_than_the_limit_beside_the_first(
    rate: float, asked: list[tuple[float, int]]
) -> None:
    limits, now, granted = Limits(rate, 1_000), 1_000.0, 0

    for pause, wanted in asked:
        now += pause
        granted += limits.grant(wanted, now)

    assert granted <= max(1.0, rate) + (now - 1_000) * rate + 1e-6


def test_what_was_granted_and_not_used_comes_back() -> None:
    limits = Limits(5, 5)
    first = limits.grant(5, 0)

    limits.give_back(3)
    limits.grant_to("a.example", 5, 0)
    limits.give_back_to("a.example", 2)

    assert (first, limits.grant(5, 0)) == (5, 3)
    assert limits.grant_to("a.example", 5, 0) == 2


def test_each_domain_has_a_limit_of_its_own() -> None:
    limits = Limits(1_000, 2)

    granted = [limits.grant_to(domain, 5, 0) for domain in ("a", "b", "a")]

    assert granted == [2, 2, 0]


def test_a_slow_rate_lets_one_through_at_a_time() -> None:
    limits = Limits(0.5, 1_000)

    granted = [limits.grant(5, now) for now in (0, 1, 2, 3, 4)]

    assert granted == [1, 0, 1, 0, 1]


def test_a_clock_that_is_set_back_does_not_stop_e_mails() -> None:
    limits = Limits(2, 1_000)
    limits.grant(2, 10_000)

    granted = [limits.grant(2, now) for now in (5_000, 5_001)]

    assert granted == [0, 2]


def test_domains_that_rest_are_forgotten() -> None:
    limits = Limits(1e6, 1)
    for number in range(MOST_DOMAINS + 1):
        limits.grant_to(f"d{number}", 1, 0)

    limits.grant_to("new", 1, 10)

    assert len(limits._domains) == 1


@given(key=st.text(max_size=40), count=st.integers(1, MOST_ATTEMPTS))
def test_a_wait_is_twice_the_one_before_give_or_take_a_quarter(key: str, count: int) -> None:
    wait = wait_before(key, count)

    doubled = min(MINUTE * 2 ** (count - 1), 240 * MINUTE)
    assert 0.75 * doubled <= wait <= 1.25 * doubled
    assert wait == wait_before(key, count)


def test_messages_refused_at_once_come_again_at_different_times() -> None:
    waits = {wait_before(f"message {number}", 1) for number in range(50)}

    assert len(waits) == 50


@given(key=st.text(min_size=1, max_size=60))
def test_a_message_id_is_always_the_same_and_names_its_message(key: str) -> None:
    written = message_id(key, SECRET, "shop.example")

    assert written == message_id(key, SECRET, "shop.example")
    assert key_of_message_id(written, SECRET) == key
    assert key_of_message_id(f" {written.strip('<>')} ", SECRET) == key


def test_a_message_id_of_another_installation_names_nothing() -> None:
    written = message_id("1.1-5-9.mail", SECRET, "shop.example")

    assert key_of_message_id(written, b"another secret") is None
    assert key_of_message_id("<hello@shop.example>", SECRET) is None
    assert key_of_message_id("", SECRET) is None
    assert message_id("1.1-5-9.mail", b"another", "shop.example") != written


def test_a_long_key_still_gives_a_usable_message_id() -> None:
    written = message_id("ä" * LONGEST_KEY, SECRET, "shop.example")

    assert len(written) < 120
    assert written != message_id("ö" * LONGEST_KEY, SECRET, "shop.example")


def letter(key: str, content: bytes = b"Subject: Hi\r\n\r\nyou\r\n") -> Letter:
    return Letter(key=key, sender="s@x.org", recipients=("a@x.org",), content=content)


@pytest.mark.parametrize("key", ["1.1-5-9.mail", "../../etc/passwd", "a/b\\c:\0\n", "é" * 200])
def test_a_letter_is_one_file_in_the_folder_whatever_its_key(tmp_path: Path, key: str) -> None:
    folder = tmp_path / "outbox"

    file = write_letter(folder, letter(key))
    again = write_letter(folder, letter(key, b"something else"))

    assert again == file
    assert file.read_bytes() == b"Subject: Hi\r\n\r\nyou\r\n"
    assert [one.name for one in folder.iterdir()] == [file.name]
    assert [one.name for one in tmp_path.iterdir()] == ["outbox"]


def test_a_folder_that_takes_nothing_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    way = Folder(folder)
    way.prepare(1, 0)
    folder.rmdir()
    folder.write_text("no folder any more")

    (refused,) = way.hand_over([letter("k")], 0)

    assert isinstance(refused, NotTaken)
    assert "cannot be written" in refused.said


@pytest.mark.parametrize(
    ("stage", "status", "is_none"),
    [
        (Stage.RECIPIENT, "5.1.1", True),
        (Stage.CONTENT, "5.1.10", True),
        (Stage.RECIPIENT, "5.1.8", False),
        (Stage.RECIPIENT, "5.7.1", False),
        (Stage.RECIPIENT, "", False),
        (Stage.SENDER, "5.1.1", False),
    ],
)
def test_only_some_refusals_say_that_nobody_has_the_address(
    stage: Stage, status: str, is_none: bool
) -> None:
    refused = Refused(stage=stage, code=550, status=status, said=status)

    assert refused.is_no_such_address == is_none


@pytest.mark.parametrize(
    ("stage", "code", "said", "is_of_us"),
    [
        (Stage.RECIPIENT, 554, "5.7.1 <a@b.example>: Relay access denied", True),
        (Stage.RECIPIENT, 550, "relay not permitted", True),
        (Stage.RECIPIENT, 550, "5.7.1 Unable to relay.", True),
        (Stage.RECIPIENT, 550, "Relaying denied. Proper authentication required.", True),
        (Stage.RECIPIENT, 530, "5.7.0 Must sign in", True),
        (Stage.SENDER, 550, "5.7.60 not you", True),
        (Stage.RECIPIENT, 550, "<a@relay.example>: no such user", False),
        (Stage.RECIPIENT, 550, "5.1.1 <relay@b.example>: no such user", False),
        (Stage.RECIPIENT, 550, "5.7.1 blocked", False),
        (Stage.RECIPIENT, 451, "4.7.1 relay busy", False),
        (Stage.CONTENT, 554, "5.7.1 relay of spam", False),
        (Stage.SENDER, 552, "5.3.4 too large", False),
    ],
)
def test_what_the_server_has_against_us_is_told_from_what_it_has_against_an_address(
    stage: Stage, code: int, said: str, *, is_of_us: bool
) -> None:
    status = said.partition(" ")[0] if said[0].isdigit() else ""

    assert Refused(stage=stage, code=code, status=status, said=said).is_of_us is is_of_us
