"""The commands of the command line about write keys (SEMANTICS 10)."""

from typing import Annotated

import typer

from core import bootstrap
from core.clock import now
from core.domain.write_keys import KeyKind
from core.services.write_keys import create_key, revoke_key, write_keys

app = typer.Typer(
    help="Keys with which shops and pages send events.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[str, typer.Argument(help="Name of what sends with the key, such as shop.")]


@app.command()
def create(
    name: Name,
    browser: Annotated[
        bool, typer.Option("--browser", help="A key that may stand in a page: it can do less.")
    ] = False,
    origin: Annotated[
        list[str] | None,
        typer.Option(help="A website that may use it, as https://shop.example; may be repeated."),
    ] = None,
) -> None:
    """Make a write key and print it: it cannot be shown again."""
    kind = KeyKind.BROWSER if browser else KeyKind.SERVER
    database = bootstrap.database()
    key = create_key(database, name, created_at=now(), kind=kind, origins=origin or ())
    typer.echo(key)
    typer.echo("Keep it now: it is stored as a digest and cannot be shown again.", err=True)


@app.command("list")
def list_() -> None:
    """List the write keys: name, for whom, when made, when used last, whether revoked."""
    for key in write_keys(bootstrap.database()):
        used = "never used" if key.last_used_at is None else f"used {key.last_used_at:%F %R}"
        state = "" if key.revoked_at is None else f", revoked {key.revoked_at:%F %R}"
        made = f"for a {key.kind}, made {key.created_at:%F %R}"
        typer.echo(f"{key.name}: {made}, {used}{state} (UTC)")


@app.command()
def revoke(name: Name) -> None:
    """Take a write key out of use; events sent with it are refused from then on."""
    revoke_key(bootstrap.database(), name, revoked_at=now())
    typer.echo(f"Revoked {name.strip()}.")
