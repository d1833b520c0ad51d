"""The commands of the command line about e-mails (SEMANTICS 10)."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from core import bootstrap
from core.domain.errors import UnusableInput
from core.history.reading import open_dataset
from core.rendering.emails import EmailTemplate
from core.rendering.problems import Level
from core.rendering.renderer import Renderer
from core.rendering.templates import load_template
from core.services import emails
from core.services.company import company
from core.services.email_checks import KNOWN_NAMES, checks
from core.services.email_rendering import render_for, sample_context, write_rendered
from core.services.kept_recommender import FOLDER, kept_recommender

OK, UNUSABLE = 0, 2

Template = Annotated[str, typer.Argument(help="Name of an e-mail, or path of its MJML file.")]


def render(
    template: Template,
    user: Annotated[str, typer.Option("--user", help="Id of the person who gets it.")],
    dataset: Annotated[str, typer.Option("--dataset", help="Name of the dataset.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="File of the HTML (default: TEMPLATE.html here).")
    ] = None,
) -> None:
    """Write one person's e-mail: HTML, text (.txt) beside it, subject and preheader (.json)."""
    chosen = _template(template)
    history = open_dataset(bootstrap.home(), dataset)
    recommender = kept_recommender(history, bootstrap.home() / FOLDER)
    sender = company(bootstrap.database())
    with Renderer() as renderer:
        rendered = render_for(
            chosen, history, user, renderer, recommend=recommender.recommend, company=sender
        )
    path = out if out is not None else Path(f"{chosen.name}.html")
    write_rendered(rendered, path)
    for field in rendered.missing:
        _tell(f"Note: {field.file}:{field.line}: {user} has no {field.name}; it stays empty.")
    for link in rendered.removed_links:
        _tell(f"Note: {link.attribute} {link.value[:80]!r} was left out; it is no web address.")
    if not sender.is_set:
        _tell("Note: the e-mail shows stand-ins for your company; set it on the page Settings.")
    typer.echo(str(path))


def check(template: Template) -> int:
    """Check an e-mail: `file:line: level: message` for each finding; exit status 2 on an error."""
    chosen = _template(template)
    with Renderer() as renderer:
        rendered = renderer.render(chosen, sample_context(chosen))
    findings = checks(chosen, rendered, KNOWN_NAMES)
    folder = Path(template).parent if _is_path(template) else Path()
    for finding in findings:
        typer.echo(str(replace(finding, file=str(folder / finding.file))))
    return UNUSABLE if any(finding.level is Level.ERROR for finding in findings) else OK


def _template(named: str) -> EmailTemplate:
    """Take a path for a path, and anything else for the name of an e-mail."""
    if _is_path(named):
        return load_template(Path(named))
    try:
        return emails.template(bootstrap.database(), bootstrap.starter_emails(), named)
    except UnusableInput as error:
        raise UnusableInput(
            f"{error}; a file is named by its path, as {named[:80]}.mjml"
        ) from error


def _is_path(named: str) -> bool:
    return named.endswith(".mjml") or "/" in named


def _tell(text: str) -> None:
    typer.echo(text, err=True)
