"""The settings of one installation, read from the environment once."""

import os
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path

from core.domain.errors import UnusableInput
from core.domain.mail_servers import MailServer, read_mail_server
from core.domain.roles import is_address, tidy

REPOSITORY = Path(__file__).resolve().parents[1]
DEFAULT_HOME = REPOSITORY / "data" / "local"
LOCAL_URL = "http://localhost:8501"
# Said by the dashboard to itself and its evaluator, for links of e-mails until there is another.
OWN_ADDRESS = "REHEARSAL_OWN_ADDRESS"
OPEN_TO_ALL = "REHEARSAL_OPEN_WITHOUT_SIGN_IN"

# A name, or an address; one of version 6 stands without brackets unless a port follows.
_HOST = re.compile(r"[a-z0-9._-]+(:\d{1,5})?|[0-9a-f:.]*:[0-9a-f:.]*|\[[0-9a-f:.]+\]:\d{1,5}")
_SQLITE = "sqlite:///"
_POSTGRESQL = "postgresql+psycopg://"
_POSTGRESQL_SPELLINGS = (_POSTGRESQL, "postgresql://", "postgres://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where this installation keeps its databases and datasets, and how it sends.

    `database_url` begins with `sqlite:///` or `postgresql+psycopg://`; it may hold a password and
    therefore stays out of `repr`. `local_url` is where this machine reaches the dashboard. Until
    somebody sets them, `mail_server` is None, `sender` empty.
    """

    home: Path
    database_url: str = field(repr=False)
    mail_server: MailServer | None = None
    sender: str = ""
    dkim_key: Path | None = None
    amqp_url: str = field(default="", repr=False)
    private_webhook_hosts: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()
    is_open_to_all: bool = False
    local_url: str = LOCAL_URL


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; a variable that is unset or empty has its default.

    Raises UnusableInput naming the variable whose value cannot be used.
    """
    home = _home(environment.get("REHEARSAL_HOME", "").strip())
    url = environment.get("REHEARSAL_DATABASE_URL", "").strip()
    smtp = environment.get("REHEARSAL_SMTP_URL", "").strip()
    return Settings(
        home=home,
        database_url=_database_url(url, home),
        mail_server=read_mail_server(smtp, "REHEARSAL_SMTP_URL") if smtp else None,
        sender=environment.get("REHEARSAL_SENDER", "").strip(),
        dkim_key=_file(environment.get("REHEARSAL_DKIM_KEY", "").strip()),
        amqp_url=environment.get("REHEARSAL_AMQP_URL", "").strip(),
        private_webhook_hosts=_hosts(environment.get("REHEARSAL_ALLOW_PRIVATE_WEBHOOKS", "")),
        admins=_admins(environment.get("REHEARSAL_ADMINS", "")),
        local_url=environment.get(OWN_ADDRESS, "").strip() or LOCAL_URL,
        is_open_to_all=_is_open_to_all(environment.get(OPEN_TO_ALL, "").strip()),
    )


def keep_freed_memory(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let Arrow keep memory that it freed for a second; to be called before Arrow is loaded.

    Its allocator gives it back after 10 ms, so that every chunk of a dataset pays for fresh pages:
    a third of the time of reading. What the person set themselves stays.
    """
    environment.setdefault("MIMALLOC_PURGE_DELAY", "1000")


def _admins(text: str) -> tuple[str, ...]:
    """Read e-mail addresses between commas."""
    addresses = tuple(tidy(part) for part in text.split(",") if part.strip())
    wrong = next((address for address in addresses if not is_address(address)), None)
    if wrong is not None:
        raise UnusableInput(
            f"REHEARSAL_ADMINS names {wrong[:100]!r}, which is no e-mail address; write addresses "
            "with commas between them, such as jo@example.com,kim@example.com"
        )
    return addresses


def _is_open_to_all(text: str) -> bool:
    if text not in ("", "yes"):
        raise UnusableInput(
            f"{OPEN_TO_ALL} is {text[:20]!r}; write yes to let everybody in who reaches the "
            "dashboard, or unset it"
        )
    return bool(text)


def _hosts(text: str) -> tuple[str, ...]:
    """Read hosts between commas, each with or without a port."""
    hosts = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    wrong = next((host for host in hosts if not _HOST.fullmatch(host)), None)
    if wrong is not None:
        raise UnusableInput(
            f"REHEARSAL_ALLOW_PRIVATE_WEBHOOKS names {wrong[:100]!r}, which is no host; write "
            "names or addresses with commas between them, such as crm.intern,10.0.0.5:8080"
        )
    return hosts


def _home(text: str) -> Path:
    if not text:
        return DEFAULT_HOME
    if "\0" in text:
        raise UnusableInput("REHEARSAL_HOME holds a NUL character; give it the path of a folder")
    home = Path(os.path.abspath(_expanded(text)))  # noqa: PTH100 - resolve() would follow links
    obstacle = next((p for p in (home, *home.parents) if p.exists() and not p.is_dir()), None)
    if obstacle is not None:
        raise UnusableInput(
            f"REHEARSAL_HOME is {text!r}, but {obstacle} is a file; give it a folder"
        )
    return home


def _file(text: str) -> Path | None:
    return Path(text) if text else None


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise UnusableInput(
            f"REHEARSAL_HOME is {text!r}, which names the home of nobody here; write the whole path"
        ) from error


def _database_url(url: str, home: Path) -> str:
    """Settle on one spelling. No message repeats the value: it may hold a password."""
    if not url:
        return f"{_SQLITE}{home / 'rehearsal.sqlite'}"
    for spelling in _POSTGRESQL_SPELLINGS:
        if url.startswith(spelling) and len(url) > len(spelling):
            return _POSTGRESQL + url.removeprefix(spelling)
    if not url.startswith(_SQLITE):
        raise UnusableInput(
            "REHEARSAL_DATABASE_URL has to begin with sqlite:/// and a file, or with postgresql:// "
            "and a server; unset it to use a file in REHEARSAL_HOME"
        )
    file = url.removeprefix(_SQLITE)
    if not file or file.startswith((":memory:", "?")):
        raise UnusableInput(
            "REHEARSAL_DATABASE_URL names no file, but the dashboard and the evaluator share one; "
            "write it as sqlite:////var/lib/rehearsal/rehearsal.sqlite"
        )
    return url
