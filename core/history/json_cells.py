"""The cells of JSON lines, whose objects may each have other keys."""

from collections.abc import Iterable, Mapping, Sequence

from core.history.cells import Cells, SpreadColumn, no_object_case, with_object
from core.history.json_lines import pointer, split_column
from core.history.mapping import ColumnMapping
from core.history.sources import SourceFile, literal, literals, scan_sql
from core.history.times import CellType

Keys = Mapping[str, tuple[str, str | None]]


def json_cells(source: SourceFile, mapping: ColumnMapping) -> Cells:
    """Say where the parts of an event stand in the object of a line, or of a list in it."""
    columns = [column for column in mapping.columns() if column != mapping.unnest]
    keys = {column: split_column(column, source.columns) for column in columns}
    outer = [column for column in columns if keys[column][0] != mapping.unnest]
    inner = [column for column in columns if keys[column][0] == mapping.unnest]
    texts = {
        column: f"nullif({values}[{place}], '')"
        for values, group in (("_outer", outer), ("_inner", inner))
        for place, column in enumerate(group, start=1)
    }
    rows = _rows(
        source,
        mapping.unnest,
        outer=[pointer(keys[column]) for column in outer],
        inner=[pointer(keys[column][1:]) for column in inner],
    )
    if mapping.properties is not None:
        rows = with_object(rows, texts[mapping.properties])
    return Cells(
        rows=rows,
        texts=texts,
        times={column: (texts[column], CellType.TEXT) for column in mapping.timestamp},
        properties=(),
        spreads=tuple(_spreads(mapping, keys)),
        problem=_problem(mapping, texts),
        raw_columns=("text",),
        raw_row="text",
    )


def _rows(
    source: SourceFile, unnest: str | None, *, outer: Sequence[str], inner: Sequence[str]
) -> str:
    """Give `line`, `file_line`, `text`, the list of values `_outer` (NULL if the text is no JSON).

    With `unnest` there is one row per member of that list: `item`, and its values in `_inner`.
    """
    scan = scan_sql(source, keep_broken=True)
    lines = f"SELECT row_number() OVER () AS file_line, text FROM ({scan})"
    rows = f"SELECT file_line, text FROM ({lines}) WHERE trim(text) <> ''"
    members = ""
    if unnest is not None:
        rows = f"SELECT file_line, text, unnest({_members(unnest)}) AS item FROM ({rows})"
        members = f", item, json_extract_string(item, {literals(inner or ['/-'])}) AS _inner"
    values = f"TRY(json_extract_string(text, {literals(outer or ['/-'])})) AS _outer"
    return f"SELECT row_number() OVER () AS line, file_line, text, {values}{members} FROM ({rows})"


def _members(unnest: str) -> str:
    """List the members of a list in the text; one NULL stands for a text without such a list."""
    place = literal(pointer([unnest]))
    listed = f"CAST(json_extract(text, {place}) AS JSON[])"
    return f"CASE WHEN TRY(json_type(text, {place})) = 'ARRAY' THEN {listed} ELSE [NULL] END"


def _spreads(mapping: ColumnMapping, keys: Keys) -> Iterable[tuple[SpreadColumn, str]]:
    """Give the members of an event's own object first, last those of the line."""
    used = {keys[column] for column in (*mapping.places(), *mapping.ignored) if column in keys}
    renamed = {keys[column]: name for column, name in mapping.renamed.items()}
    objects: list[tuple[str | None, str]] = []
    if mapping.unnest is not None:
        objects.append((mapping.unnest, "CAST(item AS VARCHAR)"))
        used.add((mapping.unnest, None))
    if mapping.properties is not None:
        objects.append((mapping.properties, "_object"))
    objects.append((None, f"CASE WHEN {_IS_OBJECT} THEN text END"))
    for number, (name, value) in enumerate(objects):
        yield (
            SpreadColumn(
                alias=f"s{number}",
                without=frozenset(_members_of(name, used)),
                renamed={
                    key: new_name
                    for place, new_name in renamed.items()
                    for key in _members_of(name, [place])
                },
            ),
            value,
        )


_IS_OBJECT = "_outer IS NOT NULL AND left(ltrim(text), 1) = '{'"


def _members_of(name: str | None, used: Iterable[tuple[str, str | None]]) -> Iterable[str]:
    """Give the keys that lie directly in the object called `name`; None is the line's own."""
    for outer, inner in used:
        if name is None and inner is None:
            yield outer
        elif outer == name and inner is not None:
            yield inner


def _problem(mapping: ColumnMapping, texts: Mapping[str, str]) -> str:
    cases = [f"WHEN NOT coalesce({_IS_OBJECT}, false) THEN 'not a JSON object'"]
    if mapping.unnest is not None:
        reason = literal(f"no list of objects under {mapping.unnest!r}")
        cases.append(f"WHEN json_type(item) IS DISTINCT FROM 'OBJECT' THEN {reason}")
    if mapping.properties is not None:
        cases.append(no_object_case(texts[mapping.properties]))
    return f"CASE {' '.join(cases)} END"
