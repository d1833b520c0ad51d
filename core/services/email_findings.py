"""What checks find in an e-mail: where, how bad, what is wrong and the way out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.rendering.emails import EmailTemplate
from core.rendering.problems import Level

_NAMES_A_FILE = re.compile(r"\{%[-+]?\s*(?:include|import|from|extends)\s+[\"']([^\"']+)[\"']")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to look at; `line` is None where it lies in the whole e-mail."""

    file: str
    line: int | None
    level: Level
    what: str
    mend: str

    def __str__(self) -> str:
        """Write the finding as one line."""
        return f"{self.file}:{self.line or 1}: {self.level}: {self.what} {self.mend}"


def error(file: str, line: int | None, what: str, mend: str) -> Finding:
    """Make a finding that has to be mended before anybody gets the e-mail."""
    return Finding(file=file, line=line, level=Level.ERROR, what=what, mend=mend)


def warning(file: str, line: int | None, what: str, mend: str) -> Finding:
    """Make a finding that spoils the e-mail for some."""
    return Finding(file=file, line=line, level=Level.WARNING, what=what, mend=mend)


def parts_of(template: EmailTemplate) -> Mapping[str, str]:
    """Give the sources that make up an e-mail by file: its own first, then what it includes."""
    sources = {template.file: template.source}
    waiting = [template.source]
    while waiting:
        for name in _NAMES_A_FILE.findall(waiting.pop()):
            if name in template.partials and name not in sources:
                sources[name] = template.partials[name]
                waiting.append(sources[name])
    return sources


def line_of(source: str, position: int) -> int:
    """Give the line of a place in a source."""
    return source.count("\n", 0, position) + 1
