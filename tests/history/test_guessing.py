"""Guessing what a file's columns are: never in silence where it is not sure."""

import pickle
from pathlib import Path

import pytest

from core.domain.errors import UnusableInput
from core.history.files import open_source
from core.history.guessing import Guess, QuestionKind, guess, guess_kind
from core.history.manifest import FileKind
from core.history.mapping import TimeFormat, TimeShape
from core.history.preview import preview, preview_rows
from core.history.settling import (
    NO_PRESET,
    Answers,
    MapField,
    considered,
    parse_map_options,
    settle,
)
from core.history.time_shapes import time_shapes
from tests.history.written import SHARED, measured, opened

DMY, MDY, YMD = TimeShape.DMY, TimeShape.MDY, TimeShape.YMD


def asked(found: Guess) -> list[str]:
    return [question.kind.value for question in found.questions]


def table(header: str, *lines: str) -> str:
    return "\n".join([header, *lines]) + "\n"


def visits(time: str, *, header: str = "customer_id,action,at,item") -> str:
    """Write a file nobody knows, with one way of writing times."""
    return table(header, *(f"c{n},{name},{time},{n}" for n, name in enumerate(["view", "buy"] * 5)))


@pytest.mark.parametrize(
    "header",
    [
        "customer_id,action,at,item",
        "Customer ID,Event Name,Event Time,item",
        "visitorId,eventType,timestamp,item",
        "email,activity,date,item",
        "userID,event,ts,item",
    ],
)
def test_well_named_columns_are_used_without_a_question(tmp_path: Path, header: str) -> None:
    with opened(tmp_path, visits("2020-01-01T00:00:00Z", header=header)) as source:
        found = guess(source)

    names = header.split(",")
    assert found.preset is None
    assert found.questions == ()
    assert found.mapping.user_id == (names[0],)
    assert found.mapping.event == names[1]
    assert found.mapping.timestamp == (names[2],)


@pytest.mark.parametrize(
    ("header", "line", "questions"),
    [
        ("customer_id,member_id,action,at", "c,m,view,2020-01-01Z", ["user_id"]),
        ("session_id,action,at", "s,view,2020-01-01T00:00Z", ["user_id"]),
        ("x,action,at", "s,view,2020-01-01T00:00Z", ["user_id"]),
        ("customer_id,type,at", "c,view,2020-01-01T00:00Z", ["event"]),
        ("customer_id,at", "c,2020-01-01T00:00Z", ["event"]),
        ("customer_id,event,event_type,at", "c,a,b,2020-01-01T00:00Z", ["event"]),
        (
            "customer_id,action,created_at,updated_on",
            "c,view,2020-01-01T00:00Z,2020-01-01T00:00Z",
            ["timestamp"],
        ),
        ("customer_id,action,at", "c,view,2020-01-01", ["zone"]),
    ],
)
def test_what_is_not_sure_is_asked(
    tmp_path: Path, header: str, line: str, questions: list[str]
) -> None:
    with opened(tmp_path, table(header, *[line.replace("01Z", "01T00:00Z")] * 10)) as source:
        assert asked(guess(source)) == questions


def test_numbers_are_times_only_under_a_name_that_says_so(tmp_path: Path) -> None:
    text = table(
        "customer_id,action,category_id,day_code,at",
        *["c,view,2053013555631882655,19970101,2020-01-01T00:00Z"] * 10,
    )

    with opened(tmp_path, text.replace("day_code", "item")) as source:
        found = guess(source)

    assert found.mapping.timestamp == ("at",)
    assert found.questions == ()


@pytest.mark.parametrize(
    ("written", "shape"),
    [
        ("1601510400", TimeShape.EPOCH_S),
        ("1601510400123", TimeShape.EPOCH_MS),
        ("1601510400123456", TimeShape.EPOCH_US),
        ("1601510400123456789", TimeShape.EPOCH_NS),
        ("19970101", TimeShape.COMPACT),
        ("2019-10-01 00:00:00 UTC", TimeShape.ISO),
        ("2010/12/1 8:26", TimeShape.ISO),
        ("2010.12.01 08:26", TimeShape.YMD),
        ("1 Dec 2010 08:26", TimeShape.WORDS),
    ],
)
def test_the_way_times_are_written_is_told_by_the_values(
    tmp_path: Path, written: str, shape: TimeShape
) -> None:
    with opened(tmp_path, visits(written)) as source:
        assert time_shapes(source, "at").shapes == (shape,)


def test_a_column_without_times_is_told(tmp_path: Path) -> None:
    with opened(tmp_path, table("user_id,event,timestamp", *["u,view,yesterday"] * 3)) as source:
        sentence = r"The column 'timestamp' of events.csv holds no times.*'yesterday'"

        with pytest.raises(UnusableInput, match=sentence):
            settle(source, Answers())


# Day and month


def dates(*texts: str) -> str:
    return table("user_id,event,timestamp", *(f"u,view,{text}" for text in texts))


def test_the_order_of_day_and_month_is_always_asked(tmp_path: Path) -> None:
    with opened(tmp_path, dates("12/1/2010 8:26", "12/2/2010 8:26")) as source:
        question = guess(source).questions[0]

        with pytest.raises(UnusableInput, match=r"'timestamp'.*'12/1/2010 8:26'.*--date-order"):
            settle(source, Answers())

    assert question.kind is QuestionKind.DATE_ORDER
    assert question.choices == (DMY, MDY)
    assert question.suggested is None


def test_a_date_that_fits_one_order_only_is_shown_with_its_line_and_suggested(
    tmp_path: Path,
) -> None:
    texts = ["12/1/2010 8:26"] * 5_000 + ["12/13/2010 9:02", "12/14/2010 9:02"]

    with opened(tmp_path, dates(*texts)) as source:
        question = guess(source).questions[0]

        with pytest.raises(
            UnusableInput, match="line 5,002: '12/13/2010 9:02' fits only month/day"
        ):
            settle(source, Answers())

    assert question.suggested is MDY
    assert question.evidence == ("line 5,002: '12/13/2010 9:02' fits only month/day",)


def test_dates_that_contradict_each_other_suggest_nothing(tmp_path: Path) -> None:
    with opened(tmp_path, dates("1/2/2010", "13/1/2010", "1/13/2010")) as source:
        question = guess(source).questions[0]

    assert question.suggested is None
    assert question.evidence == (
        "line 3: '13/1/2010' fits only day/month",
        "line 4: '1/13/2010' fits only month/day",
    )


def test_a_year_of_two_digits_may_also_stand_first(tmp_path: Path) -> None:
    with opened(tmp_path, dates("10-12-01", "10-12-02")) as source:
        assert guess(source).questions[0].choices == (DMY, MDY, YMD)


def test_the_answer_decides_the_order(tmp_path: Path) -> None:
    with opened(tmp_path, dates("12/1/10 8:26")) as source:
        mapping = settle(source, Answers(date_order=MDY, zone="Europe/Berlin"))
        found = preview(source, mapping)

    assert mapping.time == TimeFormat(shape=MDY, zone="Europe/Berlin")
    assert [str(time) for time in found["time"]] == ["2010-12-01 07:26:00+00:00"]


def test_an_order_is_ignored_where_nothing_is_in_doubt(tmp_path: Path) -> None:
    with opened(tmp_path, dates("2010-12-01T08:26:00Z")) as source:
        assert settle(source, Answers(date_order=DMY)).time.shape is TimeShape.ISO


def test_a_zone_that_is_not_given_is_asked_and_utc(tmp_path: Path) -> None:
    with opened(tmp_path, dates("2010-12-01 08:26:00")) as source:
        question = guess(source).questions[0]
        mapping = settle(source, Answers())

    assert (question.kind, question.suggested) == (QuestionKind.ZONE, "UTC")
    assert mapping.time.zone == "UTC"


# Answers


def test_columns_and_a_constant_name_can_be_given(tmp_path: Path) -> None:
    text = " customer_id  date number\n 00001 19970101  1\n 00002 19970112  5\n"
    answers = Answers(
        columns=parse_map_options(["user_id=customer_id timestamp=date"]), event_name="purchase"
    )

    with opened(tmp_path, text, name="cdnow.txt") as source:
        found = preview_rows(source, settle(source, answers))

    assert [(row.user_id, row.event, row.timestamp_text) for row in found] == [
        ("00001", "purchase", "19970101"),
        ("00002", "purchase", "19970112"),
    ]
    assert found[0].timestamp_us == 852_076_800_000_000


def test_map_options_are_read_one_by_one_or_together() -> None:
    together = parse_map_options(["user_id=Customer ID timestamp=Created at", "event_id="])
    apart = parse_map_options(["timestamp=Created at", "user_id=Customer ID", "event_id="])

    assert together == apart
    assert together == {
        MapField.USER_ID: ("Customer ID",),
        MapField.TIMESTAMP: ("Created at",),
        MapField.EVENT_ID: (),
    }
    assert parse_map_options(["user_id=a,b"]) == {MapField.USER_ID: ("a", "b")}


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("userid=a", "no field 'userid': did you mean 'user_id'"),
        ("shoe=a", "no field 'shoe': use user_id, event, "),
        ("user_id", "is incomplete: write --map user_id=COLUMN"),
    ],
)
def test_a_wrong_map_option_is_told(option: str, sentence: str) -> None:
    with pytest.raises(UnusableInput, match=sentence):
        parse_map_options([option])


def test_a_column_that_is_not_there_names_the_nearest(tmp_path: Path) -> None:
    answers = Answers(columns=parse_map_options(["user_id=customerid"]))

    with (
        opened(tmp_path, visits("2020-01-01")) as source,
        pytest.raises(UnusableInput, match="no column 'customerid': did you mean 'customer_id'"),
    ):
        settle(source, answers)


def test_an_answer_replaces_a_part_of_a_preset(tmp_path: Path) -> None:
    text = table("user_id,event,timestamp,event_id,who,what", "u,e,2020-01-01,i,w,x")
    answers = Answers(columns=parse_map_options(["user_id=who", "event=what", "event_id="]))

    with opened(tmp_path, text) as source:
        mapping = settle(source, answers)

    assert (mapping.user_id, mapping.event, mapping.event_id) == (("who",), "what", None)
    assert mapping.timestamp == ("timestamp",)


def test_a_preset_can_be_chosen_or_left_out(tmp_path: Path) -> None:
    text = table("event_time,event_type,product_id,user_id,user_session", "2020-01-01,view,1,u,s")

    with opened(tmp_path, text) as source:
        assert considered(source, Answers(preset=NO_PRESET)).preset is None
        assert considered(source, Answers(preset="rees46")).label == "REES46 shop events"
        with pytest.raises(UnusableInput, match="The preset generic needs a column 'event'"):
            settle(source, Answers(preset="generic"))


def test_the_time_column_of_an_answer_is_looked_at(tmp_path: Path) -> None:
    text = table("user_id,event,timestamp,sold_at", *["u,e,2020-01-01T00:00Z,1/2/2020"] * 3)
    answers = Answers(columns={MapField.TIMESTAMP: ("sold_at",)})

    with opened(tmp_path, text) as source:
        assert asked(considered(source, answers)) == ["date_order", "zone"]


def test_ids_of_events_are_guessed_only_if_they_differ(tmp_path: Path) -> None:
    header = "customer_id,action,at,message_id"

    with opened(tmp_path, visits("2020-01-01", header=header)) as source:
        assert guess(source).mapping.event_id == "message_id"
    with opened(tmp_path, visits("2020-01-01", header=header).replace(",3", ",2")) as source:
        assert guess(source).mapping.event_id is None


def test_a_column_that_only_numbers_the_rows_is_left_out(tmp_path: Path) -> None:
    lines = [f"{number},c,view,2020-01-01" for number in range(5)]

    with opened(tmp_path, table(",customer_id,action,at", *lines)) as source:
        assert guess(source).mapping.ignored == {"column 1"}


def test_a_column_called_properties_that_holds_no_json_stays_a_column(tmp_path: Path) -> None:
    text = table("user_id,event,timestamp,properties", "u,view,2020-01-01,red")

    with opened(tmp_path, text) as source:
        found = preview_rows(source, settle(source, Answers()))

    assert found[0].problem is None
    assert found[0].properties == {"properties": "red"}


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("user_id,email,consent,country", FileKind.PROFILES),
        ("user_id,timezone", FileKind.PROFILES),
        ("product_id,title,price", FileKind.CATALOGUE),
        ("user_id,event,timestamp,email", FileKind.EVENTS),
        ("product_id,user_id,at", FileKind.EVENTS),
    ],
)
def test_profiles_and_products_are_told_from_events(
    tmp_path: Path, header: str, kind: FileKind
) -> None:
    with opened(tmp_path, table(header, ",".join("x" * (header.count(",") + 1)))) as source:
        assert guess_kind(source) is kind


def test_a_first_look_and_its_guess_can_be_kept(tmp_path: Path) -> None:
    with opened(tmp_path, visits("2020-01-01")) as source:
        found = guess(source)

    assert pickle.loads(pickle.dumps(found)) == found


def test_the_preview_shows_rows_as_they_will_be_read(tmp_path: Path) -> None:
    text = table(
        "user_id,event,timestamp,properties,shop",
        'u1,view,2020-10-01T02:00:00+02:00,"{""price"": 20}",de',
        ",view,soon,{broken,",
    )

    with opened(tmp_path, text) as source:
        found = preview(source, settle(source, Answers()))

    assert list(found.columns) == ["line", "user", "event", "time", "properties", "problem"]
    assert str(found["time"][0]) == "2020-10-01 00:00:00+00:00"
    assert found["properties"][0] == '{"price": 20, "shop": "de"}'
    assert found["time"].isna().tolist() == [False, True]
    assert found["problem"].fillna("").tolist() == ["", "the properties are no JSON object"]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder shared/data is not there")
def test_cdnow_is_read_with_two_columns_and_a_name() -> None:
    answers = Answers(
        columns=parse_map_options(["user_id=customer_id", "timestamp=date"]), event_name="purchase"
    )

    with open_source(SHARED / "cdnow/CDNOW_master.txt.gz") as source:
        found = measured(
            source,
            settle(source, answers),
            *("count(*)", "count(DISTINCT user_id)", "min(timestamp_us)", "count(timestamp_us)"),
        )

    assert found == (69_659, 23_570, 852_076_800_000_000, 69_659)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder shared/data is not there")
def test_online_retail_asks_for_the_order_and_keeps_every_row() -> None:
    path = SHARED / "online_retail/online_retail_first240007_raw.csv.gz"

    with open_source(path) as source:
        with pytest.raises(UnusableInput, match="line 26,734: '12/13/10 9:02' fits only month/day"):
            settle(source, Answers())
        found = measured(
            source,
            settle(source, Answers(date_order=MDY)),
            *("count(timestamp_us)", "count_if(event = 'cancel')", "count_if(user_id IS NULL)"),
        )

    assert found == (240_007, 4_350, 67_225)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder shared/data is not there")
def test_a_list_of_ids_has_no_times() -> None:
    with (
        open_source(SHARED / "formats/email_opened_triple_quoted_header.csv") as source,
        pytest.raises(UnusableInput, match="has no column with times: every event needs a time"),
    ):
        settle(source, Answers())
