"""The exports that are known by their header, and how each reads as events."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from core.domain.errors import UnusableInput
from core.history.mapping import (
    ColumnMapping,
    ContinuedRows,
    NameByJson,
    NameByPrefix,
    NameRule,
    TimeFormat,
    TimeShape,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """An export of a known tool: the columns that show it, and where the parts of an event stand.

    It is recognised by all columns of one of `headers`. Of the columns listed for a part those
    that the file has are used, the first one first. `in_utc` says that its times without a zone
    are UTC.
    """

    name: str
    label: str
    headers: tuple[frozenset[str], ...]
    user_id: tuple[str, ...]
    timestamp: tuple[str, ...]
    event: tuple[str, ...] = ()
    event_name: str | None = None
    event_id: tuple[str, ...] = ()
    joins_id: bool = False
    properties: tuple[str, ...] = ()
    unnest: str | None = None
    name_rules: tuple[NameRule, ...] = ()
    continued: ContinuedRows | None = None
    nested: str = ""  # pattern of the columns whose cells hold JSON
    ignored: str = ""  # pattern of the columns that are bookkeeping of an exporter
    stripped: str = ""  # pattern whose group 1 is the new name of a column
    repeated: str = ""  # pattern of columns that show several rows per event
    in_utc: bool = True


_ACTION = "unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_"

# A NameByJson stands for every version of its column: its column is the beginning of the name.

# The more telling headers stand first: the generic one fits many others.
_PRESETS = (
    Preset(
        name="snowplow",
        label="Snowplow atomic events",
        headers=(frozenset({"event_id", "event_name", "collector_tstamp", "domain_userid"}),),
        user_id=("user_id", "domain_userid"),
        timestamp=("derived_tstamp", "collector_tstamp"),
        event=("event_name",),
        event_id=("event_id",),
        name_rules=(NameByJson(column=_ACTION, key="type"),),
        nested=r"(contexts|unstruct_event)_.*",
        stripped=r"(?:contexts|unstruct_event)_.*snowplow_ecommerce_(\w+?)(?:_\d+){3}",
    ),
    Preset(
        name="ga4",
        label="Google Analytics 4 (BigQuery export)",
        headers=(frozenset({"event_timestamp", "event_name", "user_pseudo_id"}),),
        user_id=("user_id", "user_pseudo_id"),
        timestamp=("event_timestamp",),
        event=("event_name",),
        properties=("event_params",),
        repeated=r"event_params?[._](key|value\b.*)",
    ),
    Preset(
        name="shopify-orders",
        label="Shopify orders",
        headers=(frozenset({"Name", "Email", "Created at", "Lineitem name"}),),
        user_id=("Email",),
        timestamp=("Created at",),
        event_name="purchase",
        event_id=("Id",),
        # One `purchase` per order, so that three bought articles are not three purchases.
        continued=ContinuedRows(column="Name", event_name="purchase_item"),
        in_utc=False,
    ),
    Preset(
        name="klaviyo",
        label="Klaviyo events",
        headers=(
            frozenset({"person_id", "metric_id", "datetime"}),
            frozenset({"person_id", "metric_id", "timestamp"}),
        ),
        user_id=("person_id",),
        timestamp=("datetime", "timestamp"),
        event=("type", "metric_name"),
        event_id=("id",),
        ignored="_fivetran_.*",
        stripped=r"property_(\w+)",
    ),
    Preset(
        name="amplitude",
        label="Amplitude events",
        headers=(
            frozenset({"event_type", "event_time", "amplitude_id"}),
            frozenset({"event_type", "event_time", "device_id", "event_properties"}),
        ),
        user_id=("user_id", "device_id", "amplitude_id"),
        timestamp=("event_time", "client_event_time"),
        event=("event_type",),
        event_id=("$insert_id", "insert_id", "_insert_id", "uuid"),
        properties=("event_properties",),
        nested="user_properties|group_properties|groups|data",
    ),
    Preset(
        name="mixpanel",
        label="Mixpanel events",
        headers=(
            frozenset({"event", "properties.time", "properties.distinct_id"}),
            frozenset({"distinct_id", "time", "insert_id"}),
            frozenset({"distinct_id", "time", "$insert_id"}),
        ),
        user_id=("properties.distinct_id", "distinct_id"),
        timestamp=("properties.time", "time"),
        event=("event", "event_name", "name"),
        event_id=("properties.$insert_id", "$insert_id", "insert_id"),
        # Mixpanel itself takes two events for one if id, name, person and time are equal.
        joins_id=True,
        properties=("properties",),
        ignored="_fivetran_.*|_file|_line",
    ),
    Preset(
        name="posthog",
        label="PostHog events",
        headers=(
            frozenset({"uuid", "event", "distinct_id", "timestamp"}),
            frozenset({"event", "distinct_id", "timestamp", "properties"}),
            frozenset({"event", "distinct_id", "timestamp", "person_id"}),
        ),
        user_id=("distinct_id",),
        timestamp=("timestamp",),
        event=("event",),
        event_id=("uuid", "id"),
        properties=("properties",),
        nested="person_properties",
        stripped=r"properties\.(.+)",
    ),
    Preset(
        name="segment",
        label="Segment or RudderStack tracks",
        headers=(
            frozenset({"event", "anonymous_id", "received_at"}),
            frozenset({"event", "anonymous_id", "original_timestamp"}),
            frozenset({"event", "anonymousid", "messageid", "timestamp"}),
        ),
        user_id=("user_id", "userId", "anonymous_id", "anonymousId"),
        timestamp=("timestamp", "original_timestamp", "received_at"),
        event=("event",),
        event_id=("id", "message_id", "messageId"),
        properties=("properties",),
    ),
    Preset(
        name="otto",
        label="OTTO sessions",
        headers=(frozenset({"session", "events", "events.aid", "events.ts", "events.type"}),),
        user_id=("session",),
        timestamp=("events.ts",),
        event=("events.type",),
        unnest="events",
    ),
    Preset(
        name="retailrocket",
        label="RetailRocket events",
        headers=(frozenset({"timestamp", "visitorid", "event", "itemid", "transactionid"}),),
        user_id=("visitorid",),
        timestamp=("timestamp",),
        event=("event",),
    ),
    Preset(
        name="rees46",
        label="REES46 shop events",
        headers=(frozenset({"event_time", "event_type", "product_id", "user_id", "user_session"}),),
        user_id=("user_id",),
        timestamp=("event_time",),
        event=("event_type",),
    ),
    Preset(
        name="online-retail",
        label="UCI Online Retail",
        headers=(
            frozenset({"InvoiceNo", "StockCode", "InvoiceDate", "CustomerID"}),
            frozenset({"Invoice", "StockCode", "InvoiceDate", "Customer ID"}),
        ),
        user_id=("CustomerID", "Customer ID"),
        timestamp=("InvoiceDate",),
        event_name="purchase",
        name_rules=(
            NameByPrefix(column="InvoiceNo", prefix="C", name="cancel"),
            NameByPrefix(column="Invoice", prefix="C", name="cancel"),
        ),
        in_utc=False,
    ),
    Preset(
        name="generic",
        label="a plain table with user_id, event and timestamp",
        headers=(frozenset({"user_id", "event", "timestamp"}),),
        user_id=("user_id",),
        timestamp=("timestamp",),
        event=("event",),
        event_id=("event_id",),
        properties=("properties",),
        in_utc=False,
    ),
)


def presets() -> Mapping[str, str]:
    """Give the label of each preset by its name."""
    return {preset.name: preset.label for preset in _PRESETS}


def find_preset(columns: Sequence[str]) -> Preset | None:
    """Recognise an export by its header; capitals do not matter."""
    present = {column.lower() for column in columns}
    return next((preset for preset in _PRESETS if _missing(preset, present) == frozenset()), None)


def preset_named(name: str, columns: Sequence[str]) -> Preset:
    """Give a preset; raise UnusableInput for an unknown name or a file that lacks its columns."""
    preset = next((preset for preset in _PRESETS if preset.name == name), None)
    if preset is None:
        raise UnusableInput(f"There is no preset {name!r}: use one of {', '.join(presets())}.")
    missing = _missing(preset, {column.lower() for column in columns})
    if missing:
        raise UnusableInput(
            f"The preset {name} needs a column {min(missing)!r}, which the file does not have:"
            " leave the preset out, or say which column is what."
        )
    return preset


def repeated_column(preset: Preset, columns: Sequence[str]) -> str | None:
    """Give a column that shows that a table has several rows for one event, if there is one."""
    return next(iter(_matching(preset.repeated, columns)), None)


def preset_mapping(preset: Preset, columns: Sequence[str]) -> ColumnMapping:
    """Give the mapping of a recognised export; how its times are written is not decided here."""
    actual = {column.lower(): column for column in reversed(columns)}
    placed = {
        part: tuple(actual[name.lower()] for name in names if name.lower() in actual)
        for part, names in _candidates(preset).items()
    }
    draft = ColumnMapping(
        user_id=placed["user_id"],
        timestamp=placed["timestamp"],
        time=TimeFormat(shape=TimeShape.ISO),
        event=next(iter(placed["event"]), None),
        event_name=preset.event_name,
        name_rules=tuple(_rules(preset, columns)),
        event_id=next(iter(placed["event_id"]), None),
        joins_id=preset.joins_id,
        properties=next(iter(placed["properties"]), None),
        continued=_continued(preset, actual),
        unnest=preset.unnest,
        preset=preset.name,
    )
    others = [column for column in columns if column not in draft.places()]
    return replace(
        draft,
        json_columns=frozenset(_matching(preset.nested, others)),
        ignored=frozenset(_matching(preset.ignored, others)),
        renamed=_renamed(preset, others),
    )


def _missing(preset: Preset, present: set[str]) -> frozenset[str]:
    """Give the columns that lack for the header of which the fewest lack."""
    lacking = [
        frozenset(column for column in header if column.lower() not in present)
        for header in preset.headers
    ]
    return min(lacking, key=len)


def _candidates(preset: Preset) -> Mapping[str, tuple[str, ...]]:
    return {
        "user_id": preset.user_id,
        "timestamp": preset.timestamp,
        "event": preset.event,
        "event_id": preset.event_id,
        "properties": preset.properties,
    }


def _continued(preset: Preset, actual: Mapping[str, str]) -> ContinuedRows | None:
    if preset.continued is None:
        return None
    return replace(preset.continued, column=actual[preset.continued.column.lower()])


def _rules(preset: Preset, columns: Sequence[str]) -> Iterator[NameRule]:
    for rule in preset.name_rules:
        for column in columns:
            match rule:
                case NameByJson():
                    is_meant = column.lower().startswith(rule.column)
                case NameByPrefix():
                    is_meant = column.lower() == rule.column.lower()
            if is_meant:
                yield replace(rule, column=column)


def _matching(pattern: str, columns: Sequence[str]) -> list[str]:
    return [column for column in columns if re.fullmatch(pattern, column, re.IGNORECASE)]


def _renamed(preset: Preset, columns: Sequence[str]) -> Mapping[str, str]:
    """Shorten names, except where two columns would then have the same."""
    shortened: dict[str, str] = {}
    for column in columns if preset.stripped else ():
        found = re.fullmatch(preset.stripped, column, re.IGNORECASE)
        if found and found[1] not in {*columns, *shortened.values()}:
            shortened[column] = found[1]
    return shortened
