"""Which properties get a column of their own, and the SQL that fills each from a file."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import duckdb

from core.history.cells import SpreadColumn
from core.history.manifest import Encoding, PropertyColumn
from core.history.relations import RelationSql
from core.history.sources import identifier, literal

MOST_COLUMNS = 400
REST_COLUMN = "p_rest"


@dataclass(frozen=True)
class Offer:
    """A place in a file where a property may be found: a column, or a member of an object."""

    name: str
    encoding: Encoding
    alias: str
    key: str | None = None
    count: int = 0


@dataclass(frozen=True)
class Layout:
    """The property columns of a dataset; `has_rest` says that not all properties got one.

    The values of the `distinctive` columns hardly repeat: they are stored without a dictionary.
    """

    properties: tuple[PropertyColumn, ...]
    has_rest: bool
    distinctive: frozenset[str] = frozenset()

    @property
    def columns(self) -> list[str]:
        """List the names of all columns in the file."""
        rest = [REST_COLUMN] if self.has_rest else []
        return [column.column for column in self.properties] + rest


def offers_of(
    connection: duckdb.DuckDBPyConnection, relation: RelationSql, stored: Collection[str]
) -> list[Offer]:
    """List what a file offers as properties, the best place of each first.

    `stored` names the properties that have a column already.
    """
    own = [Offer(column.name, column.encoding, column.alias) for column in relation.properties]
    members = [_members(connection, relation, spread, stored) for spread in relation.spreads]
    return own + [offer for found in members for offer in found]


def with_counts(
    connection: duckdb.DuckDBPyConnection, relation: RelationSql, offers: Sequence[Offer]
) -> list[Offer]:
    """Count how many rows fill each column that is offered."""
    own = [offer for offer in offers if offer.key is None]
    if not own:
        return list(offers)
    counts = ", ".join(f"count({identifier(offer.alias)})" for offer in own)
    found = connection.execute(f"SELECT {counts} FROM ({relation.sql})").fetchall()[0]
    count_by_alias = {offer.alias: count for offer, count in zip(own, found, strict=True)}
    return [replace(o, count=count_by_alias.get(o.alias, o.count)) for o in offers]


def is_crowded(stored: Sequence[PropertyColumn], offers: Iterable[Offer]) -> bool:
    """Say whether there are more properties than columns."""
    names = {column.name for column in stored} | {offer.name for offer in offers}
    return len(names) > MOST_COLUMNS


def laid_out(stored: Sequence[PropertyColumn], had_rest: bool, offers: Sequence[Offer]) -> Layout:
    """Add columns for new properties, the most frequent ones where there are too many.

    A property is JSON as soon as one of its places is: then its texts are stored as JSON too.
    """
    known = {column.name for column in stored}
    json_names = {offer.name for offer in offers if offer.encoding is Encoding.JSON}
    new = list(dict.fromkeys(offer.name for offer in offers if offer.name not in known))
    is_full = had_rest or len(known) + len(new) > MOST_COLUMNS
    if is_full:
        count = dict.fromkeys(new, 0) | _counts(offers)
        new = sorted(new, key=lambda name: -count[name])[
            : 0 if had_rest else MOST_COLUMNS - len(known)
        ]
    kept = [replaced_encoding(column) if column.name in json_names else column for column in stored]
    added = [
        PropertyColumn(
            name=name,
            column=f"p{len(kept) + place}",
            encoding=Encoding.JSON if name in json_names else Encoding.TEXT,
        )
        for place, name in enumerate(new)
    ]
    return Layout(tuple(kept + added), is_full)


def replaced_encoding(column: PropertyColumn) -> PropertyColumn:
    """Give the column as one of JSON."""
    return column.model_copy(update={"encoding": Encoding.JSON})


def pointer(key: str) -> str:
    """Give the JSON pointer of a member."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def expressions(
    layout: Layout, offers: Sequence[Offer], spreads: Sequence[SpreadColumn]
) -> dict[str, str]:
    """Give the SQL expression over the file's relation for each column that the file can fill."""
    column_by_name = {column.name: column for column in layout.properties}
    places: dict[str, list[str]] = {}
    for offer in offers:
        column = column_by_name.get(offer.name)
        if column is not None:
            places.setdefault(column.column, []).append(_value(offer, column.encoding))
    found = {column: f"coalesce({', '.join(sql)})" for column, sql in places.items()}
    if layout.has_rest:
        own = [o for o in offers if o.key is None and o.name not in column_by_name]
        found[REST_COLUMN] = _rest(own, spreads, set(column_by_name))
    return found


def _members(
    connection: duckdb.DuckDBPyConnection,
    relation: RelationSql,
    spread: SpreadColumn,
    stored: Collection[str],
) -> list[Offer]:
    """List the members that have a column already, and the most frequent of the others."""
    alias = identifier(spread.alias)
    found = connection.execute(
        f"SELECT key, count(*) FROM (SELECT unnest(json_keys({alias})) AS key"
        f" FROM ({relation.sql})) GROUP BY key ORDER BY count(*) DESC, key"
    )
    offers: list[Offer] = []
    while (row := found.fetchone()) is not None:
        key, count = row
        name = spread.renamed.get(key, key)
        is_wanted = len(offers) <= MOST_COLUMNS or name in stored
        if key and key not in spread.without and is_wanted:
            offers.append(Offer(name, Encoding.JSON, spread.alias, key, count))
    return offers


def _counts(offers: Iterable[Offer]) -> dict[str, int]:
    count_by_name: dict[str, int] = {}
    for offer in offers:
        count_by_name[offer.name] = count_by_name.get(offer.name, 0) + offer.count
    return count_by_name


def _value(offer: Offer, wanted: Encoding) -> str:
    alias = identifier(offer.alias)
    if offer.key is not None:
        return _member(alias, literal(pointer(offer.key)))
    if offer.encoding is wanted:
        return f"{alias}::VARCHAR"
    return f"to_json({alias}::VARCHAR)::VARCHAR"


def _member(alias: str, pointer_sql: str) -> str:
    return f"nullif(json_extract({alias}, {pointer_sql})::VARCHAR, 'null')"


def _rest(own: Sequence[Offer], spreads: Sequence[SpreadColumn], kept: Collection[str]) -> str:
    """Write the properties without a column as one JSON object.

    Where a name comes twice the last one counts, so the best places are written last.
    """
    lists = [_rest_of_spread(spread, kept) for spread in reversed(spreads)]
    lists += [_rest_of_columns(own)] if own else []
    members = " || ".join(f"coalesce({sql}, [])" for sql in lists) or "[]"
    return f"nullif('{{' || array_to_string({members}, ',') || '}}', '{{}}')"


def _rest_of_columns(own: Sequence[Offer]) -> str:
    members = ", ".join(
        f"{literal(json.dumps(offer.name) + ':')} || {_value(offer, Encoding.JSON)}"
        for offer in own
    )
    return f"[member FOR member IN [{members}] IF member IS NOT NULL]"


def _rest_of_spread(spread: SpreadColumn, kept: Collection[str]) -> str:
    alias = identifier(spread.alias)
    hidden = {key for key, name in spread.renamed.items() if name in kept} | set(spread.without)
    hidden |= {name for name in kept if name not in spread.renamed} | {""}
    value = _member(alias, "'/' || replace(replace(key, '~', '~0'), '/', '~1')")
    renames = "".join(
        f" WHEN {literal(key)} THEN {literal(name)}" for key, name in spread.renamed.items()
    )
    name = f"CASE key{renames} ELSE key END" if renames else "key"
    wanted = f"key NOT IN ({', '.join(literal(key) for key in sorted(hidden))})"
    return (
        f"[to_json({name})::VARCHAR || ':' || {value} FOR key IN json_keys({alias})"
        f" IF {wanted} AND {value} IS NOT NULL]"
    )
