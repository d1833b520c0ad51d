"""The commands about e-mails: what they write, their exit status, one line for what goes wrong."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core import bootstrap, cli
from core.domain.email_sources import EmailSource
from core.services.company import Company, keep_company
from core.services.emails import save_email, source_of

EVENTS = """user_id,event,timestamp,product_id,price
ann,cart_add,2026-01-01T10:00:00Z,p1,20
bob,product_view,2026-01-01T11:00:00Z,p1,20
"""
PROFILES = "user_id,email,first_name\nann,ann@example.com,Ann 🎉\nbob,bob@example.com,\n"
BODY = """<mjml><mj-body><mj-section><mj-column>
<mj-text>Hello {{ profile.first_name }}, {{ cart.products | length }} waiting</mj-text>
<mj-text><a href="{{ links.unsubscribe }}">Unsubscribe</a></mj-text>
</mj-column></mj-section></mj-body></mjml>
"""
SAVED_AT = datetime(2026, 9, 1, tzinfo=UTC)


def run(*arguments: object) -> int:
    return cli.main([str(argument) for argument in arguments])


@pytest.fixture
def shop(home: Path, tmp_path: Path) -> Path:
    """An installation with two people, and a template of one's own beside it."""
    for name, content in (("events.csv", EVENTS), ("profiles.csv", PROFILES)):
        (tmp_path / name).write_text(content)
    run("import", tmp_path / "events.csv", "--dataset", "shop")
    run("import", tmp_path / "profiles.csv", "--dataset", "shop", "--kind", "profiles")
    (tmp_path / "mine.mjml").write_text(BODY)
    (tmp_path / "mine.yaml").write_text(
        'subject: "{{ profile.first_name }}: your basket"\npreheader: "And more"\n'
    )
    return tmp_path


def test_render_writes_html_text_and_the_lines_of_the_inbox(shop: Path) -> None:
    out = shop / "out" / "ann.html"

    status = run("render", shop / "mine.mjml", "--user", "ann", "--dataset", "shop", "--out", out)

    assert status == 0
    assert "Hello Ann 🎉, 1 waiting" in out.read_text(encoding="utf-8")
    assert out.read_text(encoding="utf-8").lower().startswith("<!doctype html>")
    assert "Hello Ann 🎉, 1 waiting" in out.with_suffix(".txt").read_text(encoding="utf-8")
    assert json.loads(out.with_suffix(".json").read_text(encoding="utf-8")) == {
        "subject": "Ann 🎉: your basket",
        "preheader": "And more",
    }
    assert {path.name for path in out.parent.iterdir()} == {"ann.html", "ann.txt", "ann.json"}


def test_render_is_repeatable_to_the_byte(shop: Path) -> None:
    for name in ("one.html", "two.html"):
        run("render", "cart_recovery", "--user", "ann", "--dataset", "shop", "--out", shop / name)

    for ending in (".html", ".txt", ".json"):
        one, two = (shop / f"{name}{ending}" for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_render_shows_the_company_that_is_set_and_says_where_until_then(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("render", "cart_recovery", "--user", "ann", "--dataset", "shop", "--out")
    run(*arguments, shop / "before.html")
    before = capsys.readouterr().err
    company = Company(
        name="Käthe & Co.",
        address="1 Lane",
        url="https://kaethe.example",
        cart_url="https://kaethe.example/cart",
    )
    keep_company(bootstrap.database(), company, changed_at=SAVED_AT)

    run(*arguments, shop / "after.html")

    assert "Your company, Your postal address" in (shop / "before.txt").read_text(encoding="utf-8")
    assert "set it on the page Settings" in before
    after = (shop / "after.txt").read_text(encoding="utf-8")
    assert "Käthe & Co., 1 Lane" in after
    assert "https://kaethe.example/cart" in after
    assert "Settings" not in capsys.readouterr().err


def test_render_says_what_a_person_lacks(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop)

    status = run("render", "mine.mjml", "--user", "bob", "--dataset", "shop")

    said = capsys.readouterr()
    assert status == 0
    assert said.out.splitlines()[-1] == "mine.html"
    assert "Note: mine.mjml:2: bob has no profile.first_name; it stays empty." in said.err
    assert (shop / "mine.html").is_file()


def test_render_takes_a_saved_email_by_name_before_the_starter(shop: Path) -> None:
    starter = bootstrap.starter_emails()["welcome"]
    changed = replace(source_of(starter), subject="Saved anew", body=BODY)
    save_email(
        bootstrap.database(), bootstrap.starter_emails(), changed, note="", saved_at=SAVED_AT
    )

    run("render", "welcome", "--user", "ann", "--dataset", "shop", "--out", shop / "w.html")

    assert json.loads((shop / "w.json").read_text())["subject"] == "Saved anew"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cart_recovry", "--user", "ann"), "did you mean 'cart_recovery'?"),
        (("nowhere/x.mjml", "--user", "ann"), "nowhere/x.mjml: cannot be read"),
        (("welcome", "--user", "zoe"), "Nobody in 'shop' has the id 'zoe'"),
        (("welcome", "--user", "ann", "--out", "mail.txt"), "name the HTML file"),
        (("broken.mjml", "--user", "ann"), "broken for 'ann': broken.mjml:2: "),
        (("needy.mjml", "--user", "bob"), "cart.products is required"),
    ],
)
def test_what_cannot_be_rendered_is_one_line_and_writes_nothing(
    shop: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(shop)
    for name, body, settings in (
        ("broken", BODY.replace("}}", "}", 1), ""),
        ("needy", BODY, "requires: [cart.products]"),
    ):
        Path(f"{name}.mjml").write_text(body)
        Path(f"{name}.yaml").write_text(f"subject: a\n{settings}\n")
    before = {path.name for path in shop.iterdir()}
    capsys.readouterr()

    status = run("render", *arguments, "--dataset", "shop")

    lines = capsys.readouterr().err.splitlines()
    assert status == 2
    assert len(lines) == 1
    assert said in lines[0]
    assert {path.name for path in shop.iterdir()} == before


def test_check_lists_findings_with_file_and_line_and_fails_on_an_error(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pale = BODY.replace("<mj-text>H", '<mj-text color="#ccc">H')
    (shop / "mine.mjml").write_text(pale)
    warned = run("check", shop / "mine.mjml")
    warnings = capsys.readouterr().out.splitlines()
    (shop / "mine.mjml").write_text(pale.replace("{{ links.unsubscribe }}", "shop/leave"))
    failed = run("check", shop / "mine.mjml")
    findings = capsys.readouterr().out.splitlines()

    assert (warned, failed) == (0, 2)
    assert all(line.startswith(str(shop / "mine.")) for line in warnings + findings)
    assert any(f"{shop / 'mine.mjml'}:2: warning: “Hello" in line for line in warnings)
    assert [line.split(": ")[1] for line in findings[:2]] == ["error", "error"]
    assert findings[0].startswith(f"{shop / 'mine.mjml'}:1: error: There is no link to unsubscribe")


def test_check_passes_every_starter_by_name(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("welcome", "cart_discount"):
        assert run("check", name) == 0


def test_a_saved_email_may_be_sent_by_a_campaign(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign = shop / "cart.yaml"
    campaign.write_text(
        "name: Cart\ntrigger: {kind: event, match: {event: cart_add}}\n"
        "steps: [{id: mail, kind: send, template: mine}]\n"
    )
    rehearse = ("rehearse", campaign, "--dataset", "shop", "--out", shop / "out")

    before = run(*rehearse)
    source = EmailSource(name="mine", subject="a", body=BODY)
    save_email(bootstrap.database(), bootstrap.starter_emails(), source, note="", saved_at=SAVED_AT)
    after = run(*rehearse)

    assert (before, after) == (2, 0)
    assert "mine" in bootstrap.template_names()
