"""Files as people have them: delimiters, encodings, archives, and what cannot be read at all."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import Cancelled, UnusableInput
from core.history.files import open_source
from core.history.lines import LineRange, blank_lines, broken_rows, exact_lines, place_rows
from core.history.manifest import Encoding
from core.history.mapping import ColumnMapping, ContinuedRows, TimeFormat, TimeShape
from core.history.relations import relation_sql, table_sql
from core.history.sources import FileFormat
from tests.history.written import GENERIC, ISO, column, events_csv, opened, rows, users

NAMES = "user_id,event,timestamp"
ROW = "u1,view,2020-01-01"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    text = events_csv("u1,view,2020-01-01,1.5", header=f"{NAMES},price").replace(",", delimiter)

    with opened(tmp_path, text) as source:
        found = rows(source)[0]

    assert source.columns == ("user_id", "event", "timestamp", "price")
    assert (found["user_id"], found["event"], found["p3"]) == ("u1", "view", "1.5")


def test_a_decimal_comma_does_not_beat_the_semicolon(tmp_path: Path) -> None:
    text = "user_id;event;timestamp;price\nu1;view;2020-01-01;1,5\nu2;view;2020-01-01;2,5\n"

    with opened(tmp_path, text) as source:
        assert column(source, "p3") == ["1,5", "2,5"]


def test_columns_in_runs_of_spaces_are_read(tmp_path: Path) -> None:
    text = (
        " user_id  event   timestamp\r\n 00001  view    2020-01-01\r\n 00002  view  2020-01-02\r\n"
    )

    with opened(tmp_path, text) as source:
        assert column(source, "user_id") == ["00001", "00002"]


def test_quotes_hold_delimiters_quotes_and_line_breaks(tmp_path: Path) -> None:
    text = f'{NAMES},note\nu1,view,2020-01-01,"a, ""b""\nc"\nu2,view,2020-01-01,5" TV\n'

    with opened(tmp_path, text) as source:
        assert column(source, "p3") == ['a, "b"\nc', '5" TV']


def test_quotes_escaped_with_a_backslash_are_read(tmp_path: Path) -> None:
    text = f'{NAMES},note\nu1,view,2020-01-01,"say \\"hi\\", now"\nu2,view,2020-01-01,"x"\n'

    with opened(tmp_path, text) as source:
        assert column(source, "p3") == ['say "hi", now', "x"]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(tmp_path: Path, line_end: str) -> None:
    with opened(tmp_path, events_csv(ROW, "u2,view,2020-01-02").replace("\n", line_end)) as source:
        assert column(source, "user_id") == ["u1", "u2"]


def test_mixed_line_ends_are_read(tmp_path: Path) -> None:
    text = f"{NAMES}\r\nu1,view,2020-01-01\nu2,view,2020-01-01\r\nu3,vi\rew,2020-01-01"

    with opened(tmp_path, text) as source:
        found = rows(source)

    assert users(found) == ["u1", "u2", "u3"]
    assert found[2]["event"] == "vi ew"


@pytest.mark.parametrize(
    ("encoding", "asked"),
    [("utf-8-sig", None), ("utf-16", None), ("utf-16-le", None), ("latin-1", "latin-1")],
)
def test_encodings_are_read(tmp_path: Path, encoding: str, asked: str | None) -> None:
    content = events_csv("Müller,view,2020-01-01").encode(encoding)

    with opened(tmp_path, content, encoding=asked) as source:
        assert source.columns[0] == "user_id"
        assert column(source, "user_id") == ["Müller"]


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


PLAIN = events_csv(ROW).encode()
JSON_LINE = b'{"user_id": "u1", "event": "view", "timestamp": "2020-01-01"}\n'


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(PLAIN),
        zipped({"export.csv": PLAIN}),
        zipped({"__MACOSX/._export.csv": b"x", "export.csv": PLAIN}),
        gzip.compress(JSON_LINE),
        zipped({"export.jsonl": JSON_LINE}),
    ],
    ids=["csv.gz", "csv.zip", "csv.zip of a Mac", "jsonl.gz", "jsonl.zip"],
)
def test_packed_files_are_read_whatever_they_are_called(tmp_path: Path, content: bytes) -> None:
    with opened(tmp_path, content, name="export.dat") as source:
        readable = source.readable
        assert column(source, "user_id") == ["u1"]

    assert not readable.exists()


def test_a_name_with_wildcards_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "exportA.csv").write_text(events_csv("other,view,2020-01-01"))

    with opened(tmp_path, PLAIN, name="export[A]*?.csv") as source:
        assert column(source, "user_id") == ["u1"]


def test_a_folder_called_like_a_partition_adds_no_column(tmp_path: Path) -> None:
    folder = tmp_path / "event=cart"
    folder.mkdir()

    with opened(folder, PLAIN) as source:
        assert column(source, "event") == ["view"]


def test_ids_stay_the_text_they_were(tmp_path: Path) -> None:
    ids = ["00123", "123.456", "1515915625604828577", "17850.0", "1e5", "NULL", " x"]

    with opened(tmp_path, events_csv(*(f"{user},view,2020-01-01" for user in ids))) as source:
        assert column(source, "user_id") == ids


def test_an_empty_cell_is_missing_quoted_or_not(tmp_path: Path) -> None:
    text = events_csv(',"",2020-01-01,', '"",view,,""', header=f"{NAMES},price")

    with opened(tmp_path, text) as source:
        found = rows(source)

    assert users(found) == [None, None]
    assert [row["event"] for row in found] == [None, "view"]
    assert [row["timestamp_text"] for row in found] == ["2020-01-01", None]
    assert [row["p3"] for row in found] == [None, None]


def test_the_first_column_that_is_not_empty_says_who_and_when(tmp_path: Path) -> None:
    mapping = ColumnMapping(
        user_id=("user_id", "anonymous_id"),
        timestamp=("at", "received_at"),
        time=ISO,
        event="event",
    )
    text = (
        "user_id,anonymous_id,event,at,received_at\nu1,a1,view,2020-01-01,x\n,a2,view,,2020-01-02\n"
    )

    with opened(tmp_path, text) as source:
        found = rows(source, mapping)

    assert users(found) == ["u1", "a2"]
    assert [row["timestamp_text"] for row in found] == ["2020-01-01", "2020-01-02"]
    assert found[1]["timestamp_us"] - found[0]["timestamp_us"] == 86_400_000_000


def test_properties_are_renamed_and_ignored_as_the_mapping_says(tmp_path: Path) -> None:
    mapping = ColumnMapping(
        user_id=("user_id",),
        timestamp=("timestamp",),
        time=ISO,
        event="event",
        ignored=frozenset({"b"}),
        renamed={"a": "alpha"},
    )

    with opened(tmp_path, events_csv(f"{ROW},1,2,3", header=f"{NAMES},a,b,c")) as source:
        properties = relation_sql(source, mapping).properties

    assert [(found.name, found.encoding) for found in properties] == [
        ("alpha", Encoding.TEXT),
        ("c", Encoding.TEXT),
    ]


def test_a_row_whose_properties_are_no_object_says_so(tmp_path: Path) -> None:
    mapping = ColumnMapping(
        user_id=("user_id",), timestamp=("timestamp",), time=ISO, event="event", properties="props"
    )
    cells = ['"{""a"": 1}"', "", "null", "[1]", "{broken", "text"]
    text = events_csv(*(f"{ROW},{cell}" for cell in cells), header=f"{NAMES},props")

    with opened(tmp_path, text) as source:
        found = rows(source, mapping)

    assert [row["s0"] for row in found] == ['{"a": 1}', None, None, None, None, None]
    reason = "the properties are no JSON object"
    assert [row["problem"] for row in found] == [None, None, None, reason, reason, reason]


def test_a_list_of_keys_and_values_becomes_an_object(tmp_path: Path) -> None:
    mapping = ColumnMapping(
        user_id=("user_id",), timestamp=("timestamp",), time=ISO, event="event", properties="params"
    )
    params = [
        {"key": "page", "value": {"string_value": "/x", "int_value": None}},
        {"key": "count", "value": {"int_value": 5}},
    ]
    line = {"user_id": "u", "event": "e", "timestamp": "2020-01-01", "params": params}

    with opened(tmp_path, json.dumps(line)) as source:
        assert json.loads(column(source, "s0", mapping)[0]) == {"page": "/x", "count": 5}


def test_rows_of_one_order_share_its_customer_and_time(tmp_path: Path) -> None:
    mapping = ColumnMapping(
        user_id=("email",),
        timestamp=("at",),
        time=ISO,
        event_name="purchase",
        continued=ContinuedRows(column="order", event_name="purchase_item"),
    )
    text = "order,email,at,item\n1,a@b.c,2020-01-01,x\n1,,,y\n2,,2020-01-02,x\n1,,,z\n"

    with opened(tmp_path, text) as source:
        found = rows(source, mapping)

    assert users(found) == ["a@b.c", "a@b.c", None, "a@b.c"]
    assert [row["event"] for row in found] == [
        "purchase",
        "purchase_item",
        "purchase",
        "purchase_item",
    ]
    assert [row["timestamp_text"] for row in found] == [
        "2020-01-01",
        "2020-01-01",
        "2020-01-02",
        "2020-01-01",
    ]


# JSON lines


def test_json_lines_keep_exact_numbers_and_spread_their_members(tmp_path: Path) -> None:
    text = (
        '{"user_id": 1515915625604828577, "event": "view", "timestamp": "2020-01-01", "n": 1.5}\n'
        "\n"
        '{"user_id": "00123", "event": "view", "timestamp": "2020-01-01", "new": {"a.b": [1]}}\n'
    )

    with opened(tmp_path, text) as source:
        relation = relation_sql(source, GENERIC)
        found = rows(source)

    assert source.file_format is FileFormat.JSON_LINES
    assert users(found) == ["1515915625604828577", "00123"]
    assert relation.properties == ()
    assert relation.spreads[0].without == {"user_id", "event", "timestamp"}
    assert json.loads(found[1]["s0"])["new"] == {"a.b": [1]}


def test_a_line_that_is_no_json_object_says_so(tmp_path: Path) -> None:
    good = '{"user_id": "u", "event": "view", "timestamp": "2020-01-01"}'

    with opened(tmp_path, f"{good}\n{{broken\n[1]\n{good}\n{good}\n") as source:
        found = rows(source)

    assert [row["problem"] for row in found] == [
        None,
        "not a JSON object",
        "not a JSON object",
        None,
        None,
    ]
    assert found[1]["raw_row"] == "{broken"


def test_each_member_of_a_list_is_an_event(tmp_path: Path) -> None:
    mapping = ColumnMapping(
        user_id=("session",),
        timestamp=("events.ts",),
        time=TimeFormat(shape=TimeShape.EPOCH_MS),
        event="events.type",
        unnest="events",
    )
    lines = [
        {"session": 7, "shop": "x", "events": [{"aid": 1, "ts": 1659304800025, "type": "clicks"}]},
        {"session": 8, "events": []},
        {"session": 9, "events": "none"},
        {"session": 7, "events": [{"aid": 2, "ts": 1659304800026, "type": "carts"}] * 2},
    ]

    with opened(tmp_path, "\n".join(json.dumps(line) for line in lines)) as source:
        found = rows(source, mapping)
        lines_in_file = exact_lines(source, [row["line"] for row in found], mapping)

    assert users(found) == ["7", "9", "7", "7"]
    assert [row["event"] for row in found] == ["clicks", None, "carts", "carts"]
    assert [row["problem"] for row in found] == [
        None,
        "no list of objects under 'events'",
        None,
        None,
    ]
    assert [json.loads(row["s0"])["aid"] for row in found if row["s0"]] == [1, 2, 2]
    assert lines_in_file == [1, 3, 4, 4]


def test_members_of_nested_objects_can_be_parts_of_an_event(tmp_path: Path) -> None:
    mapping = ColumnMapping(
        user_id=("properties.distinct_id",),
        timestamp=("properties.time",),
        time=TimeFormat(shape=TimeShape.EPOCH_S),
        event="event",
        event_id="properties.$insert_id",
        properties="properties",
    )
    line = {
        "event": "view",
        "properties": {
            "distinct_id": "u1",
            "time": 1601510400,
            "$insert_id": "i1",
            "event": "kept",
        },
    }

    with opened(tmp_path, json.dumps(line)) as source:
        relation = relation_sql(source, mapping)
        found = rows(source, mapping)[0]

    assert (found["user_id"], found["event"], found["event_id"]) == ("u1", "view", "i1")
    assert found["timestamp_us"] == 1601510400_000_000
    assert relation.spreads[0].without == {"distinct_id", "time", "$insert_id"}
    assert relation.spreads[1].without == {"event", "properties"}


# Parquet


def test_parquet_keeps_exact_numbers_and_their_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "user_id": pa.array([2**63 + 1, 5], pa.uint64()),
            "event": ["view", ""],
            "timestamp": pa.array([1601510400000000, None], pa.timestamp("us")),
            "price": pa.array([1.5, float("nan")]),
            "count": pa.array([2**62 + 1, None]),
            "is_new": [True, None],
            "tags": [["a", "b"], None],
            "text": ["x", ""],
            "at": pa.array([0, None], pa.timestamp("ms", tz="Europe/Berlin")),
        }
    )
    path = tmp_path / "events.parquet"
    pq.write_table(table, path)

    with open_source(path) as source:
        properties = relation_sql(source, GENERIC).properties
        first, second = rows(source)

    assert first["user_id"] == "9223372036854775809"
    assert (second["event"], second["timestamp_us"]) == (None, None)
    assert first["timestamp_us"] == 1601510400_000_000
    written = {found.name: first[found.alias] for found in properties}
    assert written == {
        "price": "1.5",
        "count": str(2**62 + 1),
        "is_new": "true",
        "tags": '["a","b"]',
        "text": "x",
        "at": '"1970-01-01T00:00:00.000000Z"',
    }
    assert {second[found.alias] for found in properties} == {None, ""}
    assert [found.encoding for found in properties if found.name == "text"] == [Encoding.TEXT]


def test_a_table_that_holds_no_events_is_all_properties(tmp_path: Path) -> None:
    with opened(tmp_path, "product_id,title\n001,Hat\n") as source:
        relation = table_sql(source)
        with duckdb.connect() as connection:
            found = connection.execute(f"SELECT p0, p1, problem FROM ({relation.sql})").fetchall()

    assert [part.name for part in relation.properties] == ["product_id", "title"]
    assert found == [("001", "Hat", None)]


# Rows that are broken, and where rows stand


def scanned(
    path: Path, mapping: ColumnMapping = GENERIC
) -> tuple[list[str], list[tuple[int, str]]]:
    """Read a file as an import does: the users, and the broken rows with their lines."""
    with open_source(path) as source, duckdb.connect() as connection:
        sql = relation_sql(source, mapping).sql
        read = connection.execute(f"SELECT user_id FROM ({sql})").fetchall()
        broken = broken_rows(connection, source)
    return [row[0] for row in read], [(row.line, row.reason) for row in broken]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_broken_row_is_left_out_and_told_with_its_line(tmp_path: Path, line_end: str) -> None:
    lines = [
        NAMES,
        "u1,view,2020-01-01",
        "u2,view",
        "",
        '"u3\nmore",view,2020-01-01',
        "u4,view,2020-01-01,a,b",
        "u5,view,2020-01-01,",
        'u6,"view"x,2020-01-01',
        "u7,view,2020-01-01",
    ]
    path = tmp_path / "events.csv"
    path.write_bytes("\n".join(lines).replace("\n", line_end).encode())

    read, broken = scanned(path)

    assert read == ["u1", f"u3{line_end}more", "u5", "u7"]
    assert broken == [
        (3, "2 columns instead of 3"),
        (7, "5 columns instead of 3"),
        (9, "a quote that is not closed or not doubled"),
    ]


def test_a_quote_that_swallows_a_few_rows_lists_each_of_them(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text(events_csv(ROW, 'u2,"view,2020-01-01', 'u3,"view",2020-01-01', ROW))

    read, broken = scanned(path)

    assert read == ["u1", "u1"]
    assert [line for line, _ in broken] == [3, 4]


def test_a_quote_that_swallows_many_rows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text(events_csv(ROW, 'u2,"view,2020-01-01', *[ROW] * 5_000))

    with pytest.raises(UnusableInput, match="opens a quote in line 3 that is not closed"):
        scanned(path)


def test_the_separator_that_excel_notes_is_not_the_header(tmp_path: Path) -> None:
    with opened(tmp_path, "sep=;\n" + events_csv(ROW, ROW + ";x").replace(",", ";")) as source:
        assert column(source, "user_id") == ["u1"]
        assert source.first_line == 3


def test_spaces_after_delimiters_are_left_out_where_every_one_has_them(tmp_path: Path) -> None:
    with opened(tmp_path, events_csv(ROW, "u 2,a  view,,").replace(",", ", ")) as source:
        assert column(source, "event") == ["view"]
    with opened(tmp_path, events_csv(ROW, "u2, view,2020-01-01")) as source:
        assert column(source, "event") == ["view", " view"]


def test_a_row_that_is_not_utf8_is_left_out_when_it_stands_far_down(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    filler = f"{ROW}\n" * 300_000
    path.write_bytes(
        f"{NAMES}\n{filler}".encode() + b"M\xfcller,view,2020-01-01\nu2,view,2020-01-01\n"
    )

    read, broken = scanned(path)

    assert len(read) == 300_001
    assert broken == [(300_002, "not UTF-8")]


def test_lines_of_rows_are_exact_after_tall_blank_and_broken_rows(tmp_path: Path) -> None:
    lines = [
        NAMES,
        "a,view,2020-01-01",
        "",
        '"b\n\nb",view,2020-01-01',
        "c,view",
        "d,view,2020-01-01",
        "",
        "e,view,2020-01-01",
    ]

    with opened(tmp_path, "\n".join(lines)) as source:
        found = rows(source)
        exact = exact_lines(source, [row["line"] for row in found], GENERIC)

    assert users(found) == ["a", "b\n\nb", "d", "e"]
    assert exact == [2, 4, 8, 10]


def test_the_raw_row_of_a_reject_can_be_read_as_csv_again(tmp_path: Path) -> None:
    text = events_csv('u1,"a, ""b""",2020-01-01,', header=f"{NAMES},note")

    with opened(tmp_path, text) as source, duckdb.connect() as connection:
        relation = relation_sql(source, GENERIC)
        found = connection.execute(f"SELECT {relation.raw_row} FROM ({relation.sql})").fetchall()

    assert found == [('u1,"a, ""b""",2020-01-01,',)]


@given(
    kinds=st.lists(st.sampled_from(["row", "tall", "blank", "broken"]), max_size=40),
)
def test_rows_are_placed_where_they_stand(kinds: list[str]) -> None:
    heights = {"row": 1, "tall": 3, "blank": 1, "broken": 2}
    line, number = 2, 2
    expected: dict[int, int] = {}
    tall: dict[int, int] = {}
    left_out = []
    for kind in kinds:
        if kind in {"blank", "broken"}:
            left_out.append(LineRange(start=line, count=heights[kind]))
        else:
            expected[number] = line
            if kind == "tall":
                tall[number] = 2
                left_out.append(LineRange(start=line + 1, count=1))  # a blank line in its cell
            number += 1
        line += heights[kind]

    assert place_rows(expected, tall, left_out) == expected


@given(
    st.lists(st.sampled_from(["", "x", "long line"]), min_size=1, max_size=30),
    st.sampled_from([b"\n", b"\r\n"]),
    st.integers(1, 7),
)
def test_blank_lines_are_found_however_the_text_is_cut(
    lines: list[str], line_end: bytes, size: int
) -> None:
    text = b"".join(line.encode() + line_end for line in lines)
    pieces = [text[start : start + size] for start in range(0, len(text), size)]

    found = list(blank_lines(pieces))

    assert found == [number for number, line in enumerate(lines, start=1) if not line]


# What cannot be read


def damaged_gzip() -> bytes:
    packed = bytearray(gzip.compress(PLAIN * 2000))
    packed[-6] ^= 0xFF  # the checksum
    return bytes(packed)


def locked_zip() -> bytes:
    packed = bytearray(zipped({"a.csv": PLAIN}))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        packed[packed.index(signature) + place] |= 1
    return bytes(packed)


UNUSABLE: list[tuple[str, bytes, str]] = [
    ("nothing", b"", "is empty"),
    ("blank lines", b"\n\n  \n", "is empty"),
    ("a header only", b"user_id,event,timestamp\n", "has a header but no rows"),
    (
        "an image",
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        "a PNG image, not a table: save it as CSV",
    ),
    ("an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "an old Excel workbook"),
    ("a workbook", zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b""}), "spreadsheet"),
    ("some bytes", bytes(range(256)) * 20, "is a binary file"),
    ("packed otherwise", b"\x28\xb5\x2f\xfd" + b"x" * 99, "packed with Zstandard"),
    ("latin-1", PLAIN + "Müller,view,2020-01-01\n".encode("latin-1"), r"is not UTF-8 \(line 3\)"),
    ("a cut gzip", gzip.compress(PLAIN * 2000)[:-20], "is cut off"),
    ("a damaged gzip", damaged_gzip(), "is damaged"),
    ("an empty gzip", gzip.compress(b""), "is empty"),
    ("a cut zip", zipped({"a.csv": PLAIN})[:-30], "is damaged"),
    ("two files", zipped({"a.csv": PLAIN, "b.csv": PLAIN}), r"holds 2 files \(a.csv, b.csv\)"),
    ("an empty zip", zipped({}), "holds 0 files"),
    ("a locked zip", locked_zip(), "password"),
    ("cut Parquet", b"PAR1" + b"x" * 99, "is damaged"),
    ("a JSON list", b'[{"user_id": 1}, {"user_id": 2}]', "is one JSON list"),
    ("JSON on many lines", b'{\n"user_id": 1,\n"event": "x"\n}\n', "no complete object"),
    ("twice the same column", b"user_id,event,event\nu,a,b\n", "two columns called 'event'"),
    ("no header", b"u1,view,2020-01-01\nu2,view,2020-01-02\n", "starts with values, such as '2020"),
    (
        "prose",
        b"Dear all,\nplease find, as promised, the list\nbelow,\nregards, M, N\n",
        "like a table",
    ),
]


@pytest.mark.parametrize(
    ("content", "sentence"), [case[1:] for case in UNUSABLE], ids=[case[0] for case in UNUSABLE]
)
def test_what_cannot_be_read_is_told_in_one_sentence(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    with pytest.raises(UnusableInput, match=sentence) as told, opened(tmp_path, content):
        pass

    assert "\n" not in str(told.value)
    assert str(told.value).startswith("events.csv ")
    assert str(told.value).endswith(".")


def test_a_file_that_is_not_there_and_a_folder_are_told(tmp_path: Path) -> None:
    for path, sentence in ((tmp_path / "no.csv", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(UnusableInput, match=sentence), open_source(path):
            pass


def test_an_endless_first_line_is_refused_after_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "endless.csv"
    with path.open("wb") as file:
        file.write(b"user_id,event,timestamp")
        file.truncate(5 << 30)  # a sparse file: five gigabytes without a line end

    with pytest.raises(UnusableInput), open_source(path):
        pass


def test_an_endless_line_of_text_is_refused_after_its_beginning(tmp_path: Path) -> None:
    with (
        pytest.raises(UnusableInput, match="a first line of more than 16 MB"),
        opened(tmp_path, gzip.compress(b"a," * 20_000_000, compresslevel=1)),
    ):
        pass


def test_a_row_of_endless_length_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(f"{NAMES}\n{ROW}\n".encode() + b"x" * 20_000_000 + f"\n{ROW}\n".encode())

    read, broken = scanned(path)

    assert read == ["u1", "u1"]
    assert broken == [(3, "a line of more than 16 MB")]


def test_a_cut_archive_is_seen_before_anything_is_read(tmp_path: Path) -> None:
    random_rows = "".join(
        f"u{number * 7919 % 99991},view,2020-01-01\n" for number in range(400_000)
    )
    packed = gzip.compress(f"{NAMES}\n{random_rows}".encode(), compresslevel=1)

    with opened(tmp_path, packed[: len(packed) // 2], whole=False) as source:
        assert not source.is_whole
        assert len(source.sample) == 200
    with pytest.raises(UnusableInput, match="is cut off"), opened(tmp_path, packed[:-100]):
        pass


def test_unpacking_can_be_stopped_and_leaves_nothing(tmp_path: Path) -> None:
    def stop(_written: int) -> None:
        raise Cancelled("stopped")

    scratch = tmp_path / "scratch"
    scratch.mkdir()

    with (
        pytest.raises(Cancelled),
        opened(tmp_path, gzip.compress(PLAIN), scratch=scratch, on_read=stop),
    ):
        pass

    assert list(scratch.iterdir()) == []


def test_a_mapping_of_a_column_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    mapping = ColumnMapping(user_id=("User_Id",), timestamp=("timestamp",), time=ISO, event="event")

    with (
        opened(tmp_path, PLAIN) as source,
        pytest.raises(UnusableInput, match=r"no column 'User_Id': did you mean 'user_id'\?"),
    ):
        relation_sql(source, mapping)
