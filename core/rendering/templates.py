"""Reads e-mail templates from a folder: NAME.mjml, NAME.yaml beside it, partials below."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from core.domain.errors import UnusableInput
from core.rendering.emails import EmailTemplate
from core.rendering.settings_files import read_settings

LARGEST_FILE = 500_000  # bytes
PARTIALS = "partials"

_TEXTS = ("subject", "preheader", "description", "stage")
_KEYS = (*_TEXTS, "requires", "sample")
_STAGES = ("awareness", "consideration", "conversion", "loyalty")


def load_templates(folder: Path) -> Mapping[str, EmailTemplate]:
    """Read every template of a folder, by name.

    Raises UnusableInput that names the file, and the line where there is one.
    """
    partials = load_partials(folder)
    paths = sorted(folder.glob("*.mjml"))
    return {path.stem: _template(path, partials) for path in paths}


def load_template(path: Path) -> EmailTemplate:
    """Read one template, its settings and the partials beside it. Raises UnusableInput."""
    return _template(path, load_partials(path.parent))


def load_partials(folder: Path) -> Mapping[str, str]:
    """Read what the templates of a folder may include, by the name they do it with."""
    paths = sorted((folder / PARTIALS).glob("*.mjml"))
    return {f"{PARTIALS}/{path.name}": _text(path) for path in paths}


def template_of(
    name: str, source: str, settings: str, partials: Mapping[str, str]
) -> EmailTemplate:
    """Make a template from the texts of its two files. Raises UnusableInput with the line."""
    file = f"{name}.yaml"
    values, line_by_key = read_settings(settings, file)
    _check_keys(values, line_by_key, file)
    return EmailTemplate(
        name=name,
        source=source,
        subject=values["subject"],
        preheader=values.get("preheader") or "",
        description=values.get("description") or "",
        stage=values.get("stage"),
        requires=tuple(values.get("requires") or ()),
        sample=values.get("sample") or {},
        partials=partials,
        line_by_key=line_by_key,
    )


def _template(path: Path, partials: Mapping[str, str]) -> EmailTemplate:
    settings = path.with_suffix(".yaml")
    if path.is_file() and not settings.is_file():
        raise UnusableInput(
            f"{path.name}: has no {settings.name} beside it; write one with `subject: …`"
        )
    return template_of(path.stem, _text(path), _text(settings), partials)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UnusableInput(f"{path}: cannot be read ({reason}); check the path") from error
    if len(raw) > LARGEST_FILE:
        raise UnusableInput(
            f"{path.name}: is larger than {LARGEST_FILE // 1000} kB; is it a template?"
        )
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UnusableInput(f"{path.name}:{line}: is no text in UTF-8; save it as UTF-8") from error


def _check_keys(values: Mapping[str, Any], line_by_key: Mapping[str, int], file: str) -> None:
    for key, value in values.items():
        fault = _fault(key, value)
        if fault:
            raise UnusableInput(f"{file}:{line_by_key.get(str(key), 1)}: {fault}")
    if not values.get("subject"):
        raise UnusableInput(f"{file}:{line_by_key.get('subject', 1)}: the subject is missing")


def _fault(key: Any, value: Any) -> str | None:
    """Say what is wrong with one key of a settings file."""
    if key not in _KEYS:
        near = get_close_matches(str(key), _KEYS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_KEYS)}"
        return f"there is no key {str(key)[:40]!r}; {hint}"
    if value is None:
        return None
    if key in _TEXTS and not isinstance(value, str):
        return f"{key} has to be a text; put it in quotes"
    if key == "stage" and value not in _STAGES:
        return f"there is no stage {value!r}; there are {', '.join(_STAGES)}"
    if key == "sample" and not isinstance(value, dict):
        return "sample has to have keys, such as profile"
    is_list = isinstance(value, list) and all(isinstance(path, str) and path for path in value)
    if key == "requires" and not is_list:
        return "requires has to be a list of fields, such as [cart.products]"
    return None
