"""What both translations of other products' merge tags share: notes for the person who imports."""

import json
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A merge tag that could not be translated, or not surely."""

    line: int
    tag: str
    message: str


@dataclass(slots=True)
class Notes:
    """The notes of one translation; `line` is where it is."""

    line: int = 1
    found: list[Note] = field(default_factory=list)
    # What the template itself names: loop variables and the like.
    local_names: frozenset[str] = frozenset()

    def add(self, tag: str, message: str) -> None:
        """Note something about the tag at hand."""
        self.found.append(Note(line=self.line, tag=tag, message=message))

    def dropped(self, tag: str, message: str) -> str:
        """Note that a tag has no counterpart, and give the comment that stands in its place."""
        self.add(tag, message)
        kept = tag.replace("{", "(").replace("}", ")").replace("#", "")
        return f"{{# {kept} #}}"


def quoted(text: str) -> str:
    """Write text as Jinja does, in double quotes."""
    return json.dumps(text, ensure_ascii=False)
