"""Exports that are known by their header, each read from rows as its tool writes them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.domain.errors import UnusableInput
from core.history.files import open_source
from core.history.guessing import guess
from core.history.mapping import TimeShape
from core.history.presets import find_preset, preset_named, presets
from core.history.preview import PreviewRow, preview_rows
from core.history.settling import Answers, settle
from tests.history.written import SHARED, opened, rows

SECOND = 1_000_000
AT = datetime(2020, 10, 1, tzinfo=UTC)
AT_US = int(AT.timestamp()) * SECOND


def csv_of(*cells: dict[str, str]) -> str:
    """Write cells as CSV under the names of the first row."""
    names = list(cells[0])
    lines = [",".join(names)]
    for row in cells:
        quoted = ['"' + row.get(name, "").replace('"', '""') + '"' for name in names]
        lines.append(",".join(quoted))
    return "\n".join(lines) + "\n"


def json_of(*objects: dict[str, object]) -> str:
    """Write objects as JSON lines."""
    return "".join(json.dumps(item) + "\n" for item in objects)


def read(folder: Path, text: str, preset: str, **answers: object) -> list[PreviewRow]:
    """Read a file that must be recognised as an export."""
    with opened(folder, text) as source:
        assert guess(source).preset == preset
        mapping = settle(source, Answers(**answers))  # type: ignore[arg-type] # by name
        return preview_rows(source, mapping, 100)


def parts(row: PreviewRow) -> tuple[str | None, str | None, int | None, str | None]:
    return row.user_id, row.event, row.timestamp_us, row.event_id


def test_generic(tmp_path: Path) -> None:
    cells = {
        "user_id": "u1",
        "event": "view",
        "timestamp": "2020-10-01T00:00:00Z",
        "event_id": "e1",
        "properties": '{"price": 20}',
        "shop": "de",
    }

    found = read(tmp_path, csv_of(cells), "generic")[0]

    assert parts(found) == ("u1", "view", AT_US, "e1")
    assert found.properties == {"price": 20, "shop": "de"}


SEGMENT = {
    "id": "ajs-1",
    "received_at": "2020-10-01 00:00:02.5 UTC",
    "uuid_ts": "2020-10-01 00:05:00 UTC",
    "user_id": "",
    "anonymous_id": "a1",
    "event": "product_added",
    "event_text": "Product Added",
    "context_ip": "10.0.0.1",
    "original_timestamp": "2020-10-01 00:00:01 UTC",
    "sent_at": "2020-10-01 00:00:01 UTC",
    "timestamp": "2020-10-01 00:00:00 UTC",
}


def test_segment_and_rudderstack_tracks(tmp_path: Path) -> None:
    known = SEGMENT | {"id": "ajs-2", "user_id": "u1"}

    anonymous, identified = read(tmp_path, csv_of(SEGMENT, known), "segment")

    assert parts(anonymous) == ("a1", "product_added", AT_US, "ajs-1")
    assert parts(identified) == ("u1", "product_added", AT_US, "ajs-2")
    assert anonymous.properties["event_text"] == "Product Added"


def test_segment_calls_as_json_lines(tmp_path: Path) -> None:
    call = {
        "type": "track",
        "messageId": "m1",
        "anonymousId": "a1",
        "userId": None,
        "event": "Product Added",
        "timestamp": "2020-10-01T00:00:00.000Z",
        "properties": {"price": 20},
        "context": {"ip": "10.0.0.1"},
    }

    found = read(tmp_path, json_of(call), "segment")[0]

    assert parts(found) == ("a1", "Product Added", AT_US, "m1")
    assert found.properties == {"price": 20, "type": "track", "context": {"ip": "10.0.0.1"}}


def test_ga4_flat_rows_in_microseconds(tmp_path: Path) -> None:
    cells = {
        "event_date": "20201001",
        "event_timestamp": str(AT_US + 5),
        "event_name": "add_to_cart",
        "user_id": "",
        "user_pseudo_id": "1234.5678",
        "page_location": "/x",
    }

    found = read(tmp_path, csv_of(cells), "ga4")[0]

    assert parts(found) == ("1234.5678", "add_to_cart", AT_US + 5, None)
    assert found.properties == {"event_date": "20201001", "page_location": "/x"}


def test_ga4_parameters_become_properties(tmp_path: Path) -> None:
    event = {
        "event_timestamp": str(AT_US),
        "event_name": "purchase",
        "user_pseudo_id": "1.2",
        "event_params": [
            {"key": "currency", "value": {"string_value": "EUR"}},
            {"key": "value", "value": {"double_value": 20.5}},
        ],
    }

    found = read(tmp_path, json_of(event), "ga4")[0]

    assert found.properties == {"currency": "EUR", "value": 20.5}


def test_ga4_rows_per_parameter_are_refused(tmp_path: Path) -> None:
    cells = {
        "event_timestamp": str(AT_US),
        "event_name": "purchase",
        "user_pseudo_id": "1.2",
        "event_params.key": "currency",
    }

    with (
        opened(tmp_path, csv_of(cells, cells)) as source,
        pytest.raises(UnusableInput, match="a row for each parameter"),
    ):
        guess(source)


def test_retailrocket(tmp_path: Path) -> None:
    cells = {
        "timestamp": str(AT_US // 1000),
        "visitorid": "257597",
        "event": "transaction",
        "itemid": "355908",
        "transactionid": "4000",
    }

    found = read(tmp_path, csv_of(cells), "retailrocket")[0]

    assert parts(found) == ("257597", "transaction", AT_US, None)
    assert found.properties == {"itemid": "355908", "transactionid": "4000"}


def test_rees46(tmp_path: Path) -> None:
    cells = {
        "event_time": "2020-10-01 00:00:00 UTC",
        "event_type": "cart",
        "product_id": "44600062",
        "category_id": "2103807459595387724",
        "category_code": "",
        "brand": "",
        "price": "35.79",
        "user_id": "1515915625604828577",
        "user_session": "s1",
    }

    found = read(tmp_path, csv_of(cells), "rees46")[0]

    assert parts(found) == ("1515915625604828577", "cart", AT_US, None)
    assert found.properties["category_id"] == "2103807459595387724"
    assert "brand" not in found.properties


def test_otto_sessions(tmp_path: Path) -> None:
    session = {
        "session": 12,
        "events": [
            {"aid": 1517085, "ts": AT_US // 1000, "type": "clicks"},
            {"aid": 1563459, "ts": AT_US // 1000 + 1, "type": "carts"},
        ],
    }

    found = read(tmp_path, json_of(session), "otto")

    assert [parts(row) for row in found] == [
        ("12", "clicks", AT_US, None),
        ("12", "carts", AT_US + 1000, None),
    ]
    assert [row.properties for row in found] == [{"aid": 1517085}, {"aid": 1563459}]


def test_mixpanel_raw_export(tmp_path: Path) -> None:
    event = {
        "event": "Added to cart",
        "properties": {
            "time": AT_US // SECOND,
            "distinct_id": "91304156-cafc-4673-a237-623d1129c801",
            "$insert_id": "i1",
            "price": 20,
        },
    }

    found = read(tmp_path, json_of(event), "mixpanel")[0]

    joined_id = f"i1 Added to cart {AT_US // SECOND}"
    assert parts(found) == (
        "91304156-cafc-4673-a237-623d1129c801",
        "Added to cart",
        AT_US,
        joined_id,
    )
    assert found.properties == {"price": 20}


def test_mixpanel_flat_table(tmp_path: Path) -> None:
    cells = {
        "_file": "a.csv",
        "_fivetran_id": "x",
        "event_id": "1744000",
        "name": "plays",
        "time": "2020-10-01 00:00:00",
        "distinct_id": "d1",
        "properties": '{"title": "y"}',
        "insert_id": "i1",
        "city": "Berlin",
    }

    found = read(tmp_path, csv_of(cells), "mixpanel")[0]

    assert parts(found) == ("d1", "plays", AT_US, "i1 plays 2020-10-01 00:00:00")
    assert found.properties == {"event_id": "1744000", "title": "y", "city": "Berlin"}


AMPLITUDE: dict[str, object] = {
    "$insert_id": "i1",
    "amplitude_id": 123456789012,
    "user_id": None,
    "device_id": "dev-1",
    "event_type": "Add to cart",
    "event_time": "2020-10-01 00:00:00.000000",
    "event_properties": {"price": 20},
    "user_properties": {"plan": "free"},
}


def test_amplitude_json_lines(tmp_path: Path) -> None:
    found = read(tmp_path, json_of(AMPLITUDE), "amplitude")[0]

    assert parts(found) == ("dev-1", "Add to cart", AT_US, "i1")
    assert found.properties["price"] == 20
    assert found.properties["user_properties"] == {"plan": "free"}


def test_amplitude_csv(tmp_path: Path) -> None:
    cells = {
        key: json.dumps(value) if isinstance(value, dict) else str(value or "")
        for key, value in AMPLITUDE.items()
    }

    found = read(tmp_path, csv_of(cells | {"user_id": "u1"}), "amplitude")[0]

    assert parts(found) == ("u1", "Add to cart", AT_US, "i1")
    assert found.properties["price"] == 20
    assert found.properties["user_properties"] == {"plan": "free"}


def test_posthog(tmp_path: Path) -> None:
    cells = {
        "uuid": "0191-1",
        "event": "$pageview",
        "properties": '{"$current_url": "/x"}',
        "timestamp": "2020-10-01 00:00:00.000000+00:00",
        "distinct_id": "d1",
        "person_id": "p1",
    }

    found = read(tmp_path, csv_of(cells), "posthog")[0]

    assert parts(found) == ("d1", "$pageview", AT_US, "0191-1")
    assert found.properties == {"$current_url": "/x", "person_id": "p1"}


def test_klaviyo(tmp_path: Path) -> None:
    cells = {
        "id": "3gBNHPGp",
        "person_id": "MCX88q",
        "datetime": "2020-10-01 00:00:00.000",
        "timestamp": "2020-10-01 00:00:00.000",
        "metric_id": "Q4q6PC",
        "type": "Received Email",
        "property_value": "15",
        "_fivetran_synced": "2021-04-09 18:37:41.959",
    }

    found = read(tmp_path, csv_of(cells), "klaviyo")[0]

    assert parts(found) == ("MCX88q", "Received Email", AT_US, "3gBNHPGp")
    assert found.properties == {"metric_id": "Q4q6PC", "value": "15"}


def test_shopify_orders_are_one_purchase_each(tmp_path: Path) -> None:
    order = {
        "Name": "#1001",
        "Email": "ada@example.com",
        "Financial Status": "paid",
        "Total": "53.91",
        "Created at": "2020-09-30 20:00:00 -0400",
        "Lineitem quantity": "3",
        "Lineitem name": "Hat",
        "Id": "7410991464714",
    }
    line = {"Name": "#1001", "Lineitem quantity": "1", "Lineitem name": "Scarf"}
    filled_line = line | {"Email": "ada@example.com", "Created at": order["Created at"]}

    text = csv_of(order, line, filled_line)
    found = read(tmp_path, text, "shopify-orders")
    in_capitals = read(tmp_path, text.replace("Name,", "NAME,", 1), "shopify-orders")

    assert [parts(row) for row in in_capitals] == [parts(row) for row in found]
    assert [parts(row) for row in found] == [
        ("ada@example.com", "purchase", AT_US, "7410991464714"),
        ("ada@example.com", "purchase_item", AT_US, None),
        ("ada@example.com", "purchase_item", AT_US, None),
    ]
    assert found[1].properties == {
        "Name": "#1001",
        "Lineitem quantity": "1",
        "Lineitem name": "Scarf",
    }


ACTION = "unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1_0_0"
PRODUCT = "contexts_com_snowplowanalytics_snowplow_ecommerce_product_1_0_0"


def test_snowplow_atomic_events(tmp_path: Path) -> None:
    cart = {
        "app_id": "shop",
        "collector_tstamp": "2020-10-01 00:00:01.000000+00:00",
        "derived_tstamp": "2020-10-01 00:00:00.000000+00:00",
        "event_id": "e1",
        "event": "unstruct",
        "event_name": "snowplow_ecommerce_action",
        "user_id": "",
        "domain_userid": "d1",
        "domain_sessionid": "s1",
        ACTION: '{"type": "add_to_cart", "name": null}',
        PRODUCT: '[{"id": "1236", "price": "12.0"}]',
    }
    page = {
        "collector_tstamp": "2020-10-01 00:00:00+00:00",
        "event_id": "e2",
        "event": "page_view",
        "event_name": "page_view",
        "user_id": "u1",
        "domain_userid": "d1",
        PRODUCT: "[]",
    }

    added, viewed = read(tmp_path, csv_of(cart, page), "snowplow")

    assert parts(added) == ("d1", "add_to_cart", AT_US, "e1")
    assert added.properties["product"] == {"id": "1236", "price": "12.0"}
    assert added.properties["domain_sessionid"] == "s1"
    assert parts(viewed) == ("u1", "page_view", AT_US, "e2")
    assert "product" not in viewed.properties


def test_uci_online_retail(tmp_path: Path) -> None:
    sold = {
        "InvoiceNo": "536365",
        "StockCode": "85123A",
        "Description": "HOLDER",
        "Quantity": "6",
        "InvoiceDate": "10/1/20 0:00",
        "UnitPrice": "2.55",
        "CustomerID": "17850.0",
        "Country": "United Kingdom",
    }
    returned = sold | {"InvoiceNo": "C536379", "Quantity": "-1"}

    found = read(
        tmp_path, csv_of(sold, returned), "online-retail", date_order=TimeShape.MDY, zone="UTC"
    )

    assert [parts(row) for row in found] == [
        ("17850.0", "purchase", AT_US, None),
        ("17850.0", "cancel", AT_US, None),
    ]


def test_capitals_in_a_header_do_not_matter() -> None:
    found = find_preset([name.upper() for name in SEGMENT])

    assert found is not None
    assert found.name == "segment"


def test_every_preset_has_a_label() -> None:
    assert set(presets()) >= {"generic", "segment", "ga4", "retailrocket", "rees46", "otto"}
    assert all(presets().values())


def test_a_preset_that_does_not_fit_names_the_missing_column() -> None:
    with pytest.raises(UnusableInput, match="The preset rees46 needs a column 'product_id'"):
        preset_named("rees46", ["event_time", "event_type", "user_id", "user_session"])
    with pytest.raises(UnusableInput, match="There is no preset 'rees'"):
        preset_named("rees", ["event_time"])


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder shared/data is not there")
@pytest.mark.parametrize(
    ("file", "preset", "row_count", "user_count"),
    [
        ("formats/klaviyo_event.csv", "klaviyo", 4, 2),
        ("formats/mixpanel_event.csv", "mixpanel", 5, 3),
        ("formats/rees46_electronics_100rows.csv", "rees46", 100, 100),
        # Its line 10 has ten cells under nine names.
        ("formats/rees46_multicategory_20rows.csv", "rees46", 19, 6),
        ("otto/train_fixture.jsonl.gz", "otto", 862, 20),
        ("snowplow_ecommerce/events.csv.gz", "snowplow", 834, 59),
    ],
)
def test_real_exports_are_recognised_and_read_whole(
    file: str, preset: str, row_count: int, user_count: int
) -> None:
    with open_source(SHARED / file) as source:
        found = guess(source)
        read_rows = rows(source, settle(source, Answers()))

    assert found.preset == preset
    assert found.questions == ()
    assert len(read_rows) == row_count
    assert len({row["user_id"] for row in read_rows} - {None}) == user_count
    assert all(row["timestamp_us"] is not None and row["problem"] is None for row in read_rows)
