"""The routes and the command of a real installation, joined as it joins them."""

from pathlib import Path

import pytest
from starlette.applications import Starlette

from core import bootstrap
from core.cli import main
from core.clock import now
from core.services.errands import run_once
from tests.api.asking import Answer, asked, awaited
from tests.api.mailing import Mailing, mailing_of, send_mail
from tests.api.reported import delivery_report, id_of


def ask(method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    app = Starlette(routes=bootstrap.api_routes())
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return awaited(asked(app, method, path, named, body))


@pytest.fixture
def installation(home: Path) -> Mailing:
    send_mail(bootstrap.database())
    return mailing_of(bootstrap.database(), home)


def test_a_click_leads_on_and_becomes_an_event_by_the_errand(installation: Mailing) -> None:
    link = installation.links.click(installation.message.key, "https://shop.example/") or ""
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

    answer = ask("GET", link.removeprefix("https://mail.shop.example"), user_agent=agent)
    installation.change("UPDATE mail_hits SET at = :at", at=60_000_000)
    errands = [errand for errand in bootstrap.errands() if errand.name == "tracking"]
    run_once(errands, now(), is_on=lambda: True)

    assert (answer.status, answer.headers["location"]) == (302, "https://shop.example/")
    assert len(installation.events("email_clicked")) == 1


def test_one_click_unsubscribes(installation: Mailing) -> None:
    link = installation.links.unsubscribe(installation.message.key, "ann")

    answer = ask(
        "POST",
        link.removeprefix("https://mail.shop.example"),
        b"List-Unsubscribe=One-Click",
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status == 200
    assert installation.gets() == {"marketing": False}


def test_strangers_report_no_bounces(installation: Mailing) -> None:
    assert ask("POST", "/v1/bounces/mta", b"{}").status == 401


def test_the_command_reads_a_message_and_says_what_came_of_it(
    installation: Mailing, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "one.eml").write_bytes(delivery_report(id_of(installation)))

    status = main(["bounces", str(tmp_path / "one.eml")])

    assert (status, capsys.readouterr().out) == (0, "read 1, of them reports 1\nbounced 1\n")
    assert installation.events("email_bounced")[0]["kind"] == "hard"


def test_the_command_says_where_a_provider_reports(
    installation: Mailing, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["bounces", "--source", "mta"])

    said = capsys.readouterr().out.splitlines()
    assert status == 0
    assert said[0].endswith("/v1/bounces/mta")
    assert len(said[1]) == len("secret ") + 64


@pytest.mark.parametrize(
    ("arguments", "why"),
    [([], "Name a mailbox"), (["/nowhere/at/all"], "is no file; name a mailbox")],
)
def test_the_command_says_what_it_needs(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], why: str
) -> None:
    assert main(["bounces", *arguments]) == 2
    assert why in capsys.readouterr().err
