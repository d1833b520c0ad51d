"""Templates are read from a folder, and what is wrong with a file is told with its line."""

from pathlib import Path

import pytest

from core.domain.errors import UnusableInput
from core.rendering.templates import load_template, load_templates
from tests.rendering.mails import TEMPLATES, words

SETTINGS = "subject: Hello\n"


def write(folder: Path, settings: str | bytes = SETTINGS, source: str = words("x")) -> Path:
    path = folder / "mail.mjml"
    path.write_text(source, encoding="utf-8")
    raw = settings.encode() if isinstance(settings, str) else settings
    path.with_suffix(".yaml").write_bytes(raw)
    return path


def test_the_starters_are_read_with_their_settings_and_partials() -> None:
    templates = load_templates(TEMPLATES)

    assert len(templates) == 18
    recovery = templates["cart_recovery"]
    assert recovery.stage == "conversion"
    assert recovery.subject.startswith("{{ profile.first_name")
    assert recovery.line_by_key["subject"] == 4
    assert recovery.requires == ("cart.products",)
    assert "partials/footer.mjml" in recovery.partials
    assert recovery.sample["links"]


def test_settings_mean_what_they_say(tmp_path: Path) -> None:
    settings = (
        "subject: 'Yes'\nrequires: [cart.products]\nsample:\n"
        "  profile: {country: NO, code: 0123, at: 2026-01-01, n: 12, f: 1.5, t: true, e: null}\n"
    )

    template = load_template(write(tmp_path, settings))

    assert template.requires == ("cart.products",)
    assert template.sample["profile"] == {
        "country": "NO",
        "code": "0123",
        "at": "2026-01-01",
        "n": 12,
        "f": 1.5,
        "t": True,
        "e": None,
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("", "mail.yaml:1: has no keys"),
        ("- a\n", "mail.yaml:1: has no keys"),
        ("stage: loyalty\n", "mail.yaml:1: the subject is missing"),
        ("subject: x\nsubjct: y\n", "mail.yaml:2: there is no key 'subjct'; did you mean subject?"),
        ("subject: 12\n", "mail.yaml:1: subject has to be a text"),
        ("subject: x\nstage: somewhere\n", "mail.yaml:2: there is no stage 'somewhere'"),
        ("subject: x\nrequires: cart\n", "mail.yaml:2: requires has to be a list"),
        ("subject: x\nsample: [1]\n", "mail.yaml:2: sample has to have keys"),
        ("subject: x\nsubject: y\n", "mail.yaml:2: the key 'subject' stands twice"),
        ("subject: x\nsample: {a: &a 1, b: *a}\n", "mail.yaml:2: references"),
        ("subject: x\npreheader: a: b\n", "mail.yaml:2: "),
        ("subject: 'x\n", "mail.yaml:"),
        ("subject: !!python/object:os.system x\n", "mail.yaml:1: "),
        ("subject: x\nsample: " + "[" * 5000, "mail.yaml"),
        (b"subject: x\n\nstage: \xff", "mail.yaml:3: is no text in UTF-8"),
        (b"subject: x\n\x00", "mail.yaml:2: holds control"),
    ],
)
def test_a_fault_in_the_settings_is_told_in_one_line(
    tmp_path: Path, settings: str | bytes, message: str
) -> None:
    with pytest.raises(UnusableInput) as fault:
        load_template(write(tmp_path, settings))

    assert str(fault.value).startswith(message)
    assert "\n" not in str(fault.value)


def test_an_email_without_settings_is_told(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.with_suffix(".yaml").unlink()

    with pytest.raises(UnusableInput, match=r"mail\.mjml: has no mail\.yaml beside it"):
        load_template(path)


def test_a_path_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnusableInput, match="cannot be read"):
        load_template(tmp_path / "nothing.mjml")


def test_a_folder_without_templates_has_none(tmp_path: Path) -> None:
    assert load_templates(tmp_path) == {}
