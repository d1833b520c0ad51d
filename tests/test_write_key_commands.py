"""The commands about write keys: what they print, their exit status, one line for what is wrong."""

from pathlib import Path

import pytest

from core import bootstrap, cli
from core.clock import now
from core.domain.write_keys import KeyKind
from core.services.write_keys import KnownKeys, write_keys


def run(*arguments: str) -> int:
    return cli.main(["write-key", *arguments])


def test_create_prints_the_key_alone(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run("create", "shop")

    said = capsys.readouterr()
    key = said.out.strip()
    assert status == 0
    assert KnownKeys(bootstrap.database, now).name_of(key) == "shop"
    assert "cannot be shown again" in said.err


def test_list_names_the_keys_and_never_shows_them(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("create", "shop")
    run("create", "app")
    keys = capsys.readouterr().out.split()
    run("revoke", "app")
    capsys.readouterr()

    status = run("list")

    lines = capsys.readouterr().out.splitlines()
    assert status == 0
    assert [line.split(":")[0] for line in lines] == ["app", "shop"]
    assert "revoked" in lines[0]
    assert "never used" in lines[1]
    assert not any(key in line for key in keys for line in lines)


def test_a_key_for_browsers_may_name_its_websites(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    origins = ("--origin", "https://shop.example/a", "--origin", "https://b.example")

    status = run("create", "page", "--browser", *origins)

    assert status == 0
    assert capsys.readouterr().out.startswith("wb_")
    (key,) = write_keys(bootstrap.database())
    assert (key.kind, key.origins) == (
        KeyKind.BROWSER,
        ("https://b.example", "https://shop.example"),
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "shop"), "there is a write key called 'shop' already"),
        (("create", " "), "1 to 100 printable characters"),
        (("revoke", "other"), "no write key called 'other' is in use"),
        (("create", "page", "--origin", "https://shop.example"), "a server's key has no websites"),
        (("create", "page", "--browser", "--origin", "shop"), "'shop' is no address of a website"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    home: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    run("create", "shop")
    capsys.readouterr()

    status = run(*arguments)

    told = capsys.readouterr()
    assert status == 2
    assert said in told.err
    assert len(told.err.splitlines()) == 1
    assert told.out == ""


def test_events_come_in_through_the_routes_of_this_installation(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:

    from starlette.applications import Starlette

    from tests.api.asking import asked, awaited, basic

    run("create", "shop")
    key = capsys.readouterr().out.strip()
    app = Starlette(routes=bootstrap.api_routes())
    body = b'{"userId": "ann", "event": "Bought", "properties": {"password": "x"}}'

    answer = awaited(asked(app, "POST", "/v1/track", {"authorization": basic(key)}, body))

    with bootstrap.database().connect() as connection:
        rows = connection.exec_driver_sql("SELECT user_id, event, properties FROM live_events")
        assert answer.status == 200
        assert [tuple(row) for row in rows] == [("ann", "Bought", "{}")]
