"""The page Data, as a marketer uses it: loading exports, and looking at what is in them."""

import gzip
import threading
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.clock import now
from core.domain.roles import Role
from core.history.reading import list_datasets, open_dataset
from core.services.imports import IMPORT_JOB
from core.services.roles import give_role
from core.ui.data.mapping_form import EVERY_ROW
from tests.pages.conftest import Open, import_ended, metrics, open_tab, texts, uploads, widget

PAGE = "history/data.py"
JANUARY = "user_id,event,timestamp\nann,view,2025-01-05T10:00:00Z\nbob,buy,2025-01-06T11:00:00Z\n"
ORDERS = "customer,on,amount\nann,3/4/25 10:00,3\nbob,5/6/25 11:00,4\n,5/6/25 11:00,9\n"
PEOPLE = "user_id,email,consent\nann,ann@example.org,yes\n"
PRODUCTS = "product_id,title\np1,Boots\n"


def upload(app: AppTest, *files: tuple[str, str | bytes]) -> AppTest:
    uploader = app.file_uploader[0]
    for name, content in files:
        uploader.upload(name, content if isinstance(content, bytes) else content.encode())
    app.run()
    assert not app.exception
    return app


def imported(app: AppTest) -> AppTest:
    app.button(key="data_start").click().run()
    return import_ended(app)


def test_without_data_the_sample_and_the_upload_are_offered(home: Path, visit: Open) -> None:
    app = visit(PAGE)

    assert app.button(key="data_sample").label == "Load the sample shop"
    assert len(app.file_uploader) == 1
    assert not app.metric


def test_the_sample_shop_is_loaded_with_one_click_and_shown(home: Path, visit: Open) -> None:
    app = visit(PAGE)

    app.button(key="data_sample").click().run()
    import_ended(app)

    assert "150,407 rows read, **149,899 events added**, 449 there already, 59 left out" in texts(
        app
    )
    assert metrics(app) == {
        "Events": "149,899",
        "People": "4,567",
        "Days": "90",
        "Left out": "0.04%",
    }


def test_a_known_export_is_read_without_a_question(home: Path, visit: Open) -> None:
    app = upload(visit(PAGE), ("january.csv", JANUARY))

    preview = app.dataframe[0].value
    assert preview[["Who", "What", "When (UTC)"]].to_numpy().tolist() == [
        ["ann", "view", "Sun 5 Jan 2025, 10:00:00"],
        ["bob", "buy", "Mon 6 Jan 2025, 11:00:00"],
    ]
    imported(app)

    assert "**january\\.csv** is in **January**: 2 rows read, **2 events added**" in texts(app)
    assert metrics(app)["Events"] == "2"


def test_uploads_are_gone_after_the_import(home: Path, visit: Open) -> None:
    app = upload(visit(PAGE), ("january.csv", JANUARY))
    assert len(uploads(home)) == 1

    imported(app)

    assert uploads(home) == []


def test_a_file_that_is_taken_out_is_deleted(home: Path, visit: Open) -> None:
    app = upload(visit(PAGE), ("january.csv", JANUARY))

    app.button(key="data_take_out_0").click().run()

    assert uploads(home) == []
    assert "january" not in texts(app)


def test_what_the_columns_do_not_tell_is_asked_and_never_assumed(home: Path, visit: Open) -> None:
    app = upload(visit(PAGE), ("orders.csv", ORDERS))

    assert "Choose under **What**" in texts(app)
    assert "Say which number of the dates is the day." in texts(app)
    assert not [b for b in app.button if b.key == "data_start"]
    assert widget(app, "pills", "_order").value is None
    assert "3/4/25" in texts(app)


def test_an_unknown_export_is_read_as_the_answers_say(home: Path, visit: Open) -> None:
    app = upload(visit(PAGE), ("orders.csv", ORDERS))

    widget(app, "selectbox", "_what").set_value(EVERY_ROW).run()
    widget(app, "text_input", "_name").set_value("purchase").run()
    widget(app, "pills", "_order").set_value("Month first: 3/4/25 is 4 Mar 2025").run()
    widget(app, "selectbox", "_zone").set_value("Europe/Berlin").run()
    assert app.dataframe[0].value["When (UTC)"].tolist()[0] == "Tue 4 Mar 2025, 09:00:00"
    assert app.dataframe[0].value["Left out"].tolist() == ["", "", "no person named"]
    imported(app)

    assert "2 events added**, 0 there already, 1 left out" in texts(app)
    assert "- 1 × no person named" in texts(app)
    (event,) = open_dataset(home, "My shop").user_events("ann")
    assert (event.event, event.properties) == ("purchase", {"amount": "3"})


def test_adding_or_replacing_is_asked_without_a_preselection(home: Path, visit: Open) -> None:
    app = imported(upload(visit(PAGE), ("january.csv", JANUARY)))
    app.button(key="data_add").click().run()
    upload(app, ("january.csv", JANUARY))

    mode = next(w for w in app.segmented_control if w.key.startswith("data_mode_"))
    assert mode.value is None
    assert app.button(key="data_start").disabled
    mode.set_value("Add to what is there").run()
    imported(app)

    assert "**0 events added**, 2 there already" in texts(app)
    assert metrics(app)["Events"] == "2"


def test_replacing_leaves_only_the_new_events(home: Path, visit: Open) -> None:
    app = imported(upload(visit(PAGE), ("january.csv", JANUARY)))
    app.button(key="data_add").click().run()
    upload(app, ("january.csv", "user_id,event,timestamp\nzoe,buy,2025-03-01T00:00:00Z\n"))

    mode = next(w for w in app.segmented_control if w.key.startswith("data_mode_"))
    mode.set_value("Replace what is there").run()
    imported(app)

    assert (metrics(app)["Events"], metrics(app)["People"]) == ("1", "1")


def test_people_and_products_join_the_events(home: Path, visit: Open) -> None:
    app = imported(upload(visit(PAGE), ("january.csv", JANUARY)))
    for name, content in (("people.csv", PEOPLE), ("products.csv", PRODUCTS)):
        app.button(key="data_add").click().run()
        upload(app, (name, content))
        imported(app)

    (manifest,) = list_datasets(home)
    assert manifest.profiles is not None
    assert manifest.catalogue is not None
    assert "profiles of 1 person · 1 products" in texts(app).replace("1 product ", "1 products ")


def test_people_alone_are_shown_with_the_way_to_go_on(home: Path, visit: Open) -> None:
    app = imported(upload(visit(PAGE), ("people.csv", PEOPLE)))

    assert "There are no events in it yet" in texts(app)
    for label in ("Properties", "People", "Imports"):
        open_tab(app, "data_view", label)
    app.session_state["data_search"] = "ann"
    open_tab(app, "data_view", "People")
    assert app.table[0].value.loc["consent"].tolist() == ["yes"]


def test_several_files_of_one_layout_are_loaded_together(home: Path, visit: Open) -> None:
    february = JANUARY.replace("2025-01", "2025-02")

    app = imported(upload(visit(PAGE), ("jan.csv", JANUARY), ("feb.csv", february)))

    assert metrics(app)["Events"] == "4"


def test_files_of_different_layouts_are_told_apart(home: Path, visit: Open) -> None:
    app = upload(visit(PAGE), ("jan.csv", JANUARY), ("people.csv", PEOPLE))

    assert r"people\.csv has other columns than jan\.csv" in texts(app)
    assert list_datasets(home) == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "is empty"),
        ("noise.csv", bytes(range(256)) * 40, "binary"),
        ("header.csv", b"user_id,event,timestamp\n", "no rows"),
        ("broken.csv.gz", gzip.compress(JANUARY.encode() * 999, mtime=0)[:99], "is cut off"),
    ],
    ids=["empty", "binary", "header only", "cut off"],
)
def test_a_file_that_cannot_be_used_is_one_sentence(
    home: Path, visit: Open, name: str, content: bytes, said: str
) -> None:
    app = upload(visit(PAGE), (name, content))

    assert len(app.error) == 1
    assert said in app.error[0].value
    assert not [b for b in app.button if b.key == "data_start"]
    assert list_datasets(home) == []


def test_a_file_without_times_says_so(home: Path, visit: Open) -> None:
    app = upload(visit(PAGE), ("notime.csv", "user_id,event\nann,view\nbob,buy\n"))

    assert r"notime\.csv has no column with times" in app.warning[0].value


def test_a_name_that_leads_elsewhere_is_refused(home: Path, visit: Open) -> None:
    app = visit(PAGE)
    app.session_state["data_name_1_events"] = "../outside"

    upload(app, ("january.csv", JANUARY))

    assert "cannot be called" in app.error[0].value
    assert not [b for b in app.button if b.key == "data_start"]


def test_a_failed_import_says_why_and_keeps_the_files_and_the_data(home: Path, visit: Open) -> None:
    app = upload(visit(PAGE), ("jan.csv", JANUARY), ("feb.csv", JANUARY))
    (broken,) = [path for path in uploads(home) if path.name == "feb.csv"]
    broken.write_bytes(JANUARY.encode()[:24] + b"\xff\xfe\x00" * 50)

    imported(app)

    assert app.error[0].value
    assert list_datasets(home) == []
    assert len(uploads(home)) == 2


def test_a_file_on_this_computer_is_used_where_it_is(
    home: Path, visit: Open, tmp_path: Path
) -> None:
    own = tmp_path / "january.csv"
    own.write_text(JANUARY)
    app = visit(PAGE)

    app.text_input(key="data_path").set_value(str(own))
    app.button(key="data_use_path").click().run()
    imported(app)

    assert metrics(app)["Events"] == "2"
    assert own.read_text() == JANUARY


def test_a_path_that_leads_nowhere_is_one_sentence(home: Path, visit: Open) -> None:
    app = visit(PAGE)

    app.text_input(key="data_path").set_value("/nowhere/at/all.csv")
    app.button(key="data_use_path").click().run()

    assert "There is no file" in app.error[0].value


def test_days_and_names_and_clock_problems_are_shown(sample_home: Path, visit: Open) -> None:
    app = visit(PAGE)

    names = app.dataframe[0].value
    assert names.iloc[0].tolist()[:2] == ["product_view", 40_960]
    assert len(app.get("plotly_chart")) == 1
    assert "1,421 rows came after later ones of the same person" in texts(app)
    assert "No gaps and no clock problems found." in texts(app)


def test_the_properties_of_an_event_are_shown_with_kinds_and_examples(
    sample_home: Path, visit: Open
) -> None:
    app = open_tab(visit(PAGE), "data_view", "Properties")

    app.selectbox(key="data_event").set_value("purchase").run()

    facts = app.dataframe[0].value.set_index("Property")
    assert facts.loc["revenue", ["Filled", "Kind"]].tolist() == [1.0, "number"]
    assert facts.loc["items", "Kind"] == "list"
    assert facts.loc["currency", "Examples"] == "EUR"


def test_a_person_is_found_by_e_mail_with_timeline_and_profile(
    sample_home: Path, visit: Open
) -> None:
    app = open_tab(visit(PAGE), "data_view", "People")

    app.text_input(key="data_search").set_value("anna.00001").run()

    assert "**52 events**" in texts(app)
    timeline = app.dataframe[0].value
    assert timeline["What"].tolist()[:2] == ["session_start", "newsletter_signup"]
    profile = app.table[0].value
    assert profile.loc["country"].tolist() == ["DE"]


def test_a_search_that_finds_nobody_says_so(sample_home: Path, visit: Open) -> None:
    app = open_tab(visit(PAGE), "data_view", "People")

    app.text_input(key="data_search").set_value("nobody*").run()

    assert r"begins with nobody\*" in texts(app)


def test_past_imports_are_told_with_what_they_left_out(sample_home: Path, visit: Open) -> None:
    app = open_tab(visit(PAGE), "data_view", "Imports")

    assert r"**events\.csv\.gz**" in texts(app)
    assert "- 14 × no person named" in texts(app)
    assert "- 8 × a time more than a year in the future" in texts(app)
    assert [button.proto.disabled for button in app.get("download_button")] == [False]

    give_role(
        bootstrap.database(), "vera@example.com", Role.VIEWER, given_at=now(), given_by="test"
    )
    app.user = {"is_logged_in": True, "email": "vera@example.com", "email_verified": True}
    app.run()
    assert [button.proto.disabled for button in app.get("download_button")] == [True]


def test_data_are_deleted_only_when_confirmed(sample_home: Path, visit: Open) -> None:
    app = open_tab(visit(PAGE), "data_view", "Imports")
    assert "cannot be undone" in texts(app)

    app.button(key="data_delete_for_good").click().run()

    assert not app.exception
    assert list_datasets(sample_home) == []
    assert app.button(key="data_sample").label == "Load the sample shop"


def test_a_dataset_made_again_under_its_old_name_shows_nothing_of_the_old_one(
    home: Path, visit: Open
) -> None:
    app = imported(upload(visit(PAGE), ("shop.csv", JANUARY)))
    open_tab(app, "data_view", "Imports").button(key="data_delete_for_good").click().run()

    imported(upload(app, ("shop.csv", JANUARY.replace("view", "look"))))

    open_tab(app, "data_view", "Overview")
    assert app.dataframe[0].value["Event"].tolist() == ["buy", "look"]


def test_a_running_import_leaves_the_page_usable_and_can_be_stopped(
    sample_home: Path, visit: Open, tmp_path: Path
) -> None:
    own = tmp_path / "many.csv"
    rows = "".join(f"u{n % 997},view,2025-01-05T10:00:00Z,{n}\n" for n in range(600_000))
    own.write_text("user_id,event,timestamp,number\n" + rows)
    app = visit(PAGE)
    app.button(key="data_add").click().run()
    app.text_input(key="data_path").set_value(str(own))
    app.button(key="data_use_path").click().run()

    app.button(key="data_start").click().run()
    job = bootstrap.jobs().get(IMPORT_JOB)
    assert job is not None
    is_shown = [b.key for b in app.button if b.key == "import_stop"]
    job.cancel()
    import_ended(app)

    assert is_shown == ["import_stop"]
    assert "The import was stopped; nothing was changed." in texts(app)
    assert [manifest.name for manifest in list_datasets(sample_home)] == ["Sample shop"]


def test_while_an_import_runs_no_other_one_starts_and_the_files_are_kept(
    home: Path, visit: Open
) -> None:
    app = upload(visit(PAGE), ("january.csv", JANUARY))
    may_end = threading.Event()
    bootstrap.jobs().start(IMPORT_JOB, lambda job: may_end.wait(30) and [])

    app.button(key="data_start").click().run()
    may_end.set()
    import_ended(app)

    assert list_datasets(home) == []
    assert len(uploads(home)) == 1
