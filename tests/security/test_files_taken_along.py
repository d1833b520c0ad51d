"""Files that leave by a download: no formula in a table, no path in a name."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.domain.errors import UnusableInput
from core.history.naming import dataset_folder
from core.services import experiment_uploads, stored_rehearsals
from core.services.experiment_exports import results_csv
from core.services.experiment_results import experiment_results
from core.services.experiment_uploads import keep_results, open_results
from core.services.flow_files import file_name
from core.services.safe_cells import as_text
from core.services.uploads import keep_upload

AT = datetime(2026, 9, 1, tzinfo=UTC)
CALL = '=HYPERLINK("http://evil.example";"click")'
ELSEWHERE = ["..", "../secret", "/etc", "a/../../b", "a\0b", "", ".", "..\\..\\b", "a" * 5_000]


@pytest.mark.parametrize("cell", [CALL, "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_a_table_program_would_run_is_text(cell: str) -> None:
    assert as_text(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["u1", "", "1-2", "a=b"])
def test_other_texts_stay_as_they_are(cell: str) -> None:
    assert as_text(cell) == cell


def test_the_figures_of_a_test_hold_no_formula(tmp_path: Path) -> None:
    path = tmp_path / "test.csv"
    arm = '"' + CALL.replace('"', '""') + '"'
    rows = [
        f"u{number},{arm if number % 2 else '@B'},2026-03-01,{number % 4 == 0:d}"
        for number in range(200)
    ]
    path.write_text("user,variant,exposed_at,goal\n" + "\n".join(rows) + "\n")
    kept = keep_results(tmp_path, "Test", path, kept_at=AT, window=timedelta(days=3))
    people = open_results(tmp_path, kept.results_id)[1]

    written = results_csv(experiment_results(people, kept.settings, now=kept.known_until))

    cells = [cell for row in csv.reader(io.StringIO(written)) for cell in row]
    assert "'" + CALL in cells
    assert [cell for cell in cells if cell.startswith(("=", "@", "+"))] == []


@pytest.mark.parametrize("name", ELSEWHERE)
def test_no_link_leads_out_of_the_folder_of_what_is_kept(tmp_path: Path, name: str) -> None:
    for ask in (
        stored_rehearsals.record_of,
        stored_rehearsals.forget,
        experiment_uploads.open_results,
        experiment_uploads.forget_results,
        dataset_folder,
    ):
        with pytest.raises(UnusableInput):
            ask(tmp_path, name)


@pytest.mark.parametrize("name", [*ELSEWHERE, "\r\nX-Evil: 1", 'a";b.csv', "."])
def test_an_upload_stays_in_its_folder_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    path = keep_upload(tmp_path, io.BytesIO(b"x"), name)

    assert path.resolve().parent.parent == (tmp_path / "uploads").resolve()
    assert path.read_bytes() == b"x"


@pytest.mark.parametrize("name", [*ELSEWHERE, "\r\nX-Evil: 1", 'a";b'])
def test_a_campaigns_file_has_a_plain_name(name: str) -> None:
    given = file_name({"name": name})

    assert not set(given) & set('/\\\0\r\n";')
    assert given.endswith(".yaml")
    assert len(given) < 256
