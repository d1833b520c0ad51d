"""Says in one sentence what went wrong in a template, and in which line."""

from collections.abc import Sequence
from difflib import get_close_matches
from types import TracebackType

from jinja2 import TemplateNotFound, TemplateSyntaxError
from jinja2.exceptions import SecurityError

_LONGEST = 200


def fault_place(error: BaseException, file: str) -> tuple[str, int]:
    """Give the file and line of the innermost template at work when an error arose."""
    if isinstance(error, TemplateSyntaxError):
        return error.name or file, error.lineno
    place = (file, 1)
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if template is not None:
            place = (template.name or file, template.get_corresponding_lineno(trace.tb_lineno))
        trace = trace.tb_next
    return place


def fault_sentence(error: BaseException, known_files: Sequence[str]) -> str:
    """Say what went wrong, in the words of somebody who writes templates."""
    if isinstance(error, RecursionError):
        return "a macro or an include calls itself without end, or an expression is nested too deep"
    if isinstance(error, TemplateNotFound):
        return _no_such_file(error, known_files)
    said = _short(" ".join(str(error).split())) or type(error).__name__
    if isinstance(error, SecurityError):
        return f"not allowed in an e-mail: {said}"
    if isinstance(error, TemplateSyntaxError):
        return f"this is no Jinja: {said}"
    if isinstance(error, ZeroDivisionError):
        return "a division by zero; ask `{% if … %}` first"
    return said


def _no_such_file(error: TemplateNotFound, known_files: Sequence[str]) -> str:
    name = _short(str(error.name or error.message or ""))
    near = get_close_matches(name, known_files, n=1)
    if near:
        return f"there is no file {name!r} to include; did you mean {near[0]!r}?"
    partials = ", ".join(file for file in known_files if "/" in file) or "none"
    return f"there is no file {name!r} to include; there are: {partials}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
