"""Reads the settings of a template: YAML in its plain meaning, with the line of each key."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from core.domain.errors import UnusableInput


class _Reader(yaml.SafeLoader):
    """YAML 1.2 without its cleverness: no dates, no `no` for false, no references."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # untyped in the stubs
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            _refuse(event.start_mark, "references with & and * are not used here; write it out")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                _refuse(key.start_mark, "a key has to be a word")
            if key.value in seen:
                _refuse(key.start_mark, f"the key {key.value!r} stands twice; keep one")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_RESOLVERS = {
    "tag:yaml.org,2002:null": (r"~|null|Null|NULL|", "~nN\0"),
    "tag:yaml.org,2002:bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "tag:yaml.org,2002:int": (r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    "tag:yaml.org,2002:float": (
        r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?",
        "-+.0123456789",
    ),
}
_Reader.yaml_implicit_resolvers = {}
for _tag, (_pattern, _first) in _RESOLVERS.items():
    _Reader.add_implicit_resolver(_tag, re.compile(f"(?:{_pattern})$"), [*_first, ""])


def read_settings(text: str, file: str) -> tuple[Mapping[str, Any], Mapping[str, int]]:
    """Give the keys of a settings file and the line of each.

    Raises UnusableInput with one line that names the file and the line.
    """
    try:
        node, values = _read(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UnusableInput(f"{file}:{line}: holds control characters; is it a text?") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        raise UnusableInput(f"{file}:{line}: {' '.join(str(error.problem).split())}") from error
    except RecursionError as error:
        raise UnusableInput(f"{file}: is nested too deep") from error
    if node is None or not isinstance(values, dict):
        raise UnusableInput(f"{file}:1: has no keys; it begins with `subject: …`")
    return values, {str(key.value): key.start_mark.line + 1 for key, _ in node.value}


def _read(text: str) -> tuple[Any, Any]:
    reader = _Reader(text)
    try:
        node = reader.get_single_node()
        return node, {} if node is None else reader.construct_document(node)
    finally:
        reader.dispose()


def _refuse(mark: Any, message: str) -> None:
    raise yaml.MarkedYAMLError(problem=message, problem_mark=mark)
