"""The page Experiments, as a marketer uses it: results from a file, and a test that runs."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import bootstrap
from core.services.campaigns import saved_campaign
from core.services.experiment_uploads import KeptResults, keep_results, kept_results
from core.services.experiments import end_experiment, experiment
from core.services.live_launches import launches
from tests.pages.conftest import Open, metrics, open_tab, texts, uploads, widget
from tests.services import running_tests
from tests.services.running_tests import SETTINGS, launched, people_come

PAGE = "results/experiments.py"
KEPT_AT = datetime(2026, 4, 20, tzinfo=UTC)
WEEK = timedelta(days=7)
NAME = SETTINGS["name"]
PLAIN = str.maketrans({"\\": None, "\u00a0": " "})
CLEAR = [("1 h", 3_000, 0.10), ("4 h", 3_000, 0.15)]
Follow = Callable[..., AppTest]
Arms = Sequence[tuple[str, int, float]]


def written(folder: Path, arms: Arms, name: str = "timing_test.csv") -> Path:
    """Write a test of people who came within 30 days; arms are (name, people, rate of the goal)."""
    draw = np.random.default_rng(4)
    rows = []
    for arm, count, rate in arms:
        for number in range(count):
            day, is_reached = int(draw.integers(1, 31)), number < rate * count
            value = round(float(draw.lognormal(3, 0.5)), 2) if is_reached else 0
            kind = ("phone", "desktop")[number % 2]
            rows.append(f"{arm}-{number},{arm},2026-03-{day:02},{int(is_reached)},{value},{kind}\n")
    path = folder / name
    path.write_text("user,variant,exposed_at,goal,value,device\n" + "".join(rows))
    return path


def kept(home: Path, folder: Path, arms: Arms, **given: object) -> KeptResults:
    return keep_results(home, "Timing", written(folder, arms), kept_at=KEPT_AT, **given)  # type: ignore[arg-type]  # as given


@pytest.fixture
def follow(visit: Open) -> Follow:
    """Open the page by a link."""

    def by_link(**parameters: str) -> AppTest:
        app = visit(PAGE)
        for name, value in parameters.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception
        return app

    return by_link


def press(app: AppTest, label: str) -> None:
    """Press the one button of that label."""
    (button,) = (button for button in app.button if button.label == label)
    button.click().run()
    assert not app.exception


def said(app: AppTest) -> str:
    """Join everything that is said, verdicts included."""
    boxes = (app.success, app.info, app.warning, app.error)
    titles = [str(box.proto.title) for kind in boxes for box in kind if hasattr(box.proto, "title")]
    bodies = [str(box.value) for kind in boxes for box in kind]
    return "\n".join([*titles, *bodies, texts(app)]).replace("\\", "")


def tables(app: AppTest) -> str:
    return "\n".join(table.value.to_string() for table in app.table).translate(PLAIN)


def tab_names(app: AppTest) -> list[str]:
    return [tab.label for tab in app.tabs]


def test_without_a_test_the_page_says_how_to_begin(home: Path, visit: Open) -> None:
    app = visit(PAGE)

    assert "No test yet" in texts(app)
    app = widget(app, "button", "begin_plan").click().run()
    assert app.query_params["view"] == "plan"


def test_an_uploaded_file_is_asked_about_and_read(home: Path, tmp_path: Path, visit: Open) -> None:
    path = written(tmp_path, CLEAR)
    app = visit(PAGE)

    app.file_uploader[0].upload(path.name, path.read_bytes(), "text/csv").run()
    assert widget(app, "text_input", "file_title").value == "timing test"
    widget(app, "selectbox", "file_control").set_value("1 h")
    widget(app, "number_input", "file_planned").set_value(6_000)
    press(app, "Read the results")

    found = kept_results(home)
    assert not app.exception
    assert [one.settings.planned_people_count for one in found] == [6_000]
    assert app.query_params["results"] == found[0].results_id
    assert "4 h wins: +50 %" in said(app)
    assert uploads(home) == []


def test_the_example_is_read_like_an_upload(home: Path, visit: Open) -> None:
    app = visit(PAGE)

    widget(app, "button", "experiments_example").click().run()

    assert not app.exception
    assert "invented" in said(app)
    assert metrics(app)["People in the test"] == "8,000"
    assert uploads(home) == []


def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(home: Path, visit: Open) -> None:
    app = visit(PAGE)

    app.file_uploader[0].upload("t.csv", b"user,variant\na,x\n", "text/csv").run()

    assert not app.exception
    assert len(app.error) == 1
    assert "no column 'exposed_at'" in said(app)
    assert kept_results(home) == []
    assert uploads(home) == []


def test_a_clear_winner_is_said_first_and_in_words(
    home: Path, tmp_path: Path, follow: Follow
) -> None:
    one = kept(
        home, tmp_path, [("1 h", 3_000, 0.10), ("4 h", 3_000, 0.15)], planned_people_count=6_000
    )

    app = follow(results=one.results_id)

    assert len(app.success) == 1
    assert metrics(app)["People in the test"] == "6,000"
    shown = tables(app)
    assert "300" in shown
    assert "450" in shown
    assert "10.0 % (9.0 to 11.1 %)" in shown
    assert tab_names(app) == ["Over time", "Since the split", "Money", "Groups", "Is it sound?"]


def test_every_part_of_a_result_can_be_opened(home: Path, tmp_path: Path, follow: Follow) -> None:
    one = kept(home, tmp_path, [("a", 800, 0.1), ("b", 800, 0.12), ("c", 800, 0.1)], window=WEEK)
    app = follow(results=one.results_id)

    for label in tab_names(app):
        app = open_tab(app, "experiments_tab", label)

        assert len(app.get("plotly_chart")) + len(app.table) >= 1, label


def test_a_part_that_another_test_lacks_does_not_stay_open(
    home: Path, tmp_path: Path, follow: Follow
) -> None:
    one = kept(home, tmp_path, CLEAR)
    app = follow(results=one.results_id)

    app = open_tab(app, "experiments_tab", "Log")

    assert len(app.get("plotly_chart")) == 1
    assert "Holds at any look" in tables(app)


def test_a_test_that_is_not_decided_has_no_colour(
    home: Path, tmp_path: Path, follow: Follow
) -> None:
    arms = [("1 h", 700, 0.1), ("4 h", 700, 0.11)]
    one = kept(home, tmp_path, arms, planned_people_count=20_000)

    app = follow(results=one.results_id)

    assert "Keep collecting" in said(app)
    assert [len(boxes) for boxes in (app.success, app.info, app.error)] == [0, 0, 0]


def test_groups_of_the_wrong_size_are_never_compared(
    home: Path, tmp_path: Path, follow: Follow
) -> None:
    one = kept(
        home, tmp_path, [("1 h", 3_000, 0.10), ("4 h", 2_400, 0.15)], planned_people_count=5_400
    )

    app = follow(results=one.results_id)

    assert "Do not trust this test" in said(app)
    assert "wins" not in said(app)
    assert not app.success
    assert tab_names(app) == ["What is wrong?", "Since the split"]
    assert "not compared" in tables(app)


def test_another_control_turns_the_result_round(home: Path, tmp_path: Path, follow: Follow) -> None:
    one = kept(
        home, tmp_path, [("1 h", 3_000, 0.10), ("4 h", 3_000, 0.15)], planned_people_count=6_000
    )
    app = follow(results=one.results_id)

    widget(app, "selectbox", "_control").set_value("4 h")
    press(app, "Read it like this")

    assert "Stay with 4 h: 1 h loses" in said(app)


def test_results_are_forgotten_and_their_link_says_so(
    home: Path, tmp_path: Path, follow: Follow
) -> None:
    one = kept(home, tmp_path, [("a", 100, 0.1), ("b", 100, 0.1)])
    app = follow(results=one.results_id)

    widget(app, "button", f"forget_{one.results_id}").click().run()
    assert kept_results(home) == []

    app = follow(results=one.results_id)
    assert "no results under this link" in said(app)


@pytest.fixture
def running(home: Path) -> datetime:
    """Launch the test of the campaign with 600 people; the page is read once all is over."""
    launched(bootstrap.database(), planned_people_count=600)
    return people_come(
        bootstrap.database(),
        600,
        {"at once": 0.1, "next day": 0.3},
        unsubscribing={"at once": 0.0, "next day": 0.1},
    )


def test_a_running_test_shows_people_mails_and_guardrails(
    running: datetime, follow: Follow
) -> None:
    app = follow(test=NAME)

    assert metrics(app)["People in the test"] == "600"
    assert "unsubscribe than was agreed" in said(app)
    assert not app.success
    shown = tables(app)
    assert "Got an e-mail" in shown
    app = open_tab(app, "experiments_tab", "Guardrails")
    assert "violated" in tables(app)
    app = open_tab(app, "experiments_tab", "Opens")
    assert "by machines only" in tables(app)
    app = open_tab(app, "experiments_tab", "Log")
    assert "launched" in tables(app)


def test_ending_says_what_it_costs_and_then_the_winner_becomes_the_flow(
    home: Path, follow: Follow
) -> None:
    database = bootstrap.database()
    launched(database, guardrails=(), planned_people_count=100_000)
    people_come(database, 600, {"at once": 0.05, "next day": 0.4})
    app = follow(test=NAME)
    assert "next day wins" in said(app)
    assert "once the test is ended" in said(app)

    press(app, "End the test now")
    widget(app, "button", "roll_out").click().run()

    assert not app.exception
    saved = saved_campaign(database, "Welcome")
    assert saved is not None
    assert saved.number == 2
    assert launches(database)[0].version_number == 2
    assert "no longer has this split" in said(app)


def test_a_campaign_with_a_comparison_group_says_what_it_added(home: Path, follow: Follow) -> None:
    database = bootstrap.database()
    launched(database, holdout=0.4, guardrails=())
    people_come(database, 600, {"at once": 0.3, "next day": 0.3})

    app = open_tab(follow(test=NAME), "experiments_tab", "Whole campaign")

    report = tables(app)
    assert "reached the goal because of it" in said(app)
    assert "comparison group" in report
    assert int(metrics(app)["People in the test"]) < 420
    assert "people of the comparison group, who get no e-mail" in said(app)


def test_an_undecided_test_says_what_ending_it_costs(home: Path, follow: Follow) -> None:
    launched(bootstrap.database(), planned_people_count=5_000)
    people_come(bootstrap.database(), 60, {"at once": 0.3, "next day": 0.3}, days=1)

    app = follow(test=NAME)

    assert "Only 60 of 5,000 planned people have come" in said(app)
    assert "no customer gets mail" in said(app)


def test_weights_change_for_those_who_come_later(home: Path, follow: Follow) -> None:
    database = bootstrap.database()
    launched(database)
    app = follow(test=NAME)

    widget(app, "number_input", "weight_1").set_value(3.0)
    press(app, "Change from now on")

    found = experiment(database, NAME)
    assert not app.exception
    assert found is not None
    assert found.weight_periods[-1].weights == (1.0, 3.0)
    assert launches(database)[0].version_number == 2


def test_a_note_is_written_into_the_log(home: Path, follow: Follow) -> None:
    database = bootstrap.database()
    launched(database)
    app = follow(test=NAME)

    widget(app, "text_area", "note_text").set_value("Black Friday began")
    press(app, "Write it down")

    assert "Black Friday began" in tables(open_tab(app, "experiments_tab", "Log"))


def test_all_tests_are_listed_by_where_they_stand(home: Path, visit: Open) -> None:
    database = bootstrap.database()
    launched(database)
    end_experiment(database, NAME, by="Ada", at=running_tests.START + timedelta(days=1))

    app = visit(PAGE)

    assert "Ended" in texts(app)
    assert "at once or the next day" in texts(app)


def test_a_link_to_a_test_that_is_gone_says_so(home: Path, follow: Follow) -> None:
    assert "There is no test called 'Nothing'" in said(follow(test="Nothing"))
