"""The peer: the firings of the four campaigns by DuckDB's SQL over the same Parquet file.

Written as somebody would who knows both the data and DuckDB: only the columns that are needed,
small types, no order to keep, event ids joined last. The cooldown is a walk from admitted moment to
admitted moment, all people at once. Rows are written in no order; ours are sorted.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from benchmarks.campaigns import NAMES

_HOUR = 3_600_000_000
_COOLDOWN = 7 * 24 * _HOUR

_CART_ABANDONMENT = """
    SELECT "user", NULL AS key, timestamp + {day} AS fired_at, row
    FROM (
        SELECT *, lead(timestamp) OVER (PARTITION BY "user" ORDER BY timestamp, row) AS next_at
        FROM events WHERE name IN ({add}, {purchase})
    )
    WHERE name = {add} AND timestamp + {day} <= {watermark}
      AND (next_at IS NULL OR next_at > timestamp + {day})"""

_VIEWED_OFTEN = """
    SELECT "user", product AS key, timestamp AS fired_at, row
    FROM (
        SELECT *, lag(timestamp, 3) OVER
            (PARTITION BY "user", product ORDER BY timestamp, row) AS third_before
        FROM events WHERE name = {view} AND product IS NOT NULL
    )
    WHERE third_before > timestamp - 2 * {day}"""

_INACTIVITY = """
    SELECT "user", NULL AS key, timestamp + 7 * {day} AS fired_at, row
    FROM (
        SELECT *, lead(timestamp) OVER (PARTITION BY "user" ORDER BY timestamp, row) AS next_at
        FROM events
    )
    WHERE timestamp + 7 * {day} <= {watermark}
      AND (next_at IS NULL OR next_at > timestamp + 7 * {day})"""

# An add fires when the last view or add before it is a view of the last 24 hours: an add in between
# has either fired and cleared the chain, or that view was too old already.
_VIEW_THEN_ADD = """
    SELECT "user", NULL AS key, timestamp AS fired_at, row
    FROM (
        SELECT *, lag(name) OVER before AS last_name, lag(timestamp) OVER before AS last_at
        FROM events WHERE name IN ({view}, {add})
        WINDOW before AS (PARTITION BY "user" ORDER BY timestamp, row)
    )
    WHERE name = {add} AND last_name = {view} AND timestamp - last_at <= {day}"""

_TRIGGERS = (_CART_ABANDONMENT, _VIEWED_OFTEN, _INACTIVITY, _VIEW_THEN_ADD)

_MOMENTS = """
    CREATE TEMP TABLE moments AS
    SELECT campaign, "user", fired_at, min(row) AS row FROM firings GROUP BY ALL"""

_HOPS = f"""
    CREATE TEMP TABLE hops AS
    SELECT campaign, "user", fired_at, first_value(fired_at) OVER (
        PARTITION BY campaign, "user" ORDER BY fired_at
        RANGE BETWEEN {_COOLDOWN} FOLLOWING AND UNBOUNDED FOLLOWING
    ) AS next_at
    FROM moments"""

_ADMITTED = """
    CREATE TEMP TABLE admitted AS
    WITH RECURSIVE walk AS (
        SELECT campaign, "user", min(fired_at) AS fired_at FROM moments GROUP BY ALL
        UNION ALL
        SELECT hops.campaign, hops."user", hops.next_at
        FROM walk JOIN hops USING (campaign, "user", fired_at)
        WHERE hops.next_at IS NOT NULL
    )
    SELECT campaign, row FROM walk JOIN moments USING (campaign, "user", fired_at)"""

_WRITTEN = """
    COPY (
        SELECT {names}[firings.campaign + 1] AS campaign,
               user_id,
               key,
               strftime(make_timestamp(fired_at), '%Y-%m-%dT%H:%M:%S.%fZ') AS fired_at,
               event_id,
               if(admitted.row IS NULL, 'reentry', 'enrolled') AS outcome
        FROM firings
        LEFT JOIN admitted USING (campaign, row)
        JOIN (
            SELECT event_id, file_row_number AS row
            FROM read_parquet('{folder}/events.parquet', file_row_number = true)
        ) USING (row)
        JOIN (
            SELECT user_id, file_row_number AS "user"
            FROM read_parquet('{folder}/users.parquet', file_row_number = true)
        ) USING ("user")
    ) TO '{target}' (FORMAT csv, HEADER true)"""


def write_firings(folder: Path, event_names: Sequence[str], product: str, target: Path) -> None:
    """Write what `firings.csv` holds, from a dataset's Parquet files in `folder`.

    `event_names` are the names by code, `product` is the column of the product's id.
    """
    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(
            f"""CREATE VIEW events AS
            SELECT "user", timestamp, name, {product} AS product, file_row_number AS row
            FROM read_parquet('{folder}/events.parquet', file_row_number = true)"""
        )
        _collect_firings(connection, event_names)
        for statement in (_MOMENTS, _HOPS, _ADMITTED):
            connection.execute(statement)
        connection.execute(_WRITTEN.format(names=list(NAMES), folder=folder, target=target))


def _collect_firings(connection: duckdb.DuckDBPyConnection, event_names: Sequence[str]) -> None:
    found = connection.execute("SELECT max(timestamp) FROM events").fetchone()
    assert found is not None
    values = {name: code for code, name in enumerate(event_names)}
    values |= {"watermark": found[0], "day": 24 * _HOUR}
    connection.execute(
        """CREATE TEMP TABLE firings
        (campaign TINYINT, "user" INTEGER, key VARCHAR, fired_at BIGINT, row BIGINT)"""
    )
    for number, trigger in enumerate(_TRIGGERS):
        sql = trigger.format(**values)
        connection.execute(f"INSERT INTO firings SELECT {number}, * FROM ({sql})")
