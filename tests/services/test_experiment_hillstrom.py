"""Golden numbers: a published e-mail test (Hillstrom, 64,000 people) through the upload's path.

The expected figures are those of `PUBLISHED_RESULTS.md` beside the data, by another author.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.services.experiment_exports import results_json
from core.services.experiment_files import read_results
from core.services.experiment_results import ExperimentResults, experiment_results
from core.services.experiment_verdict import VerdictKind
from core.settings import REPOSITORY

DATA = REPOSITORY.parent / "shared" / "data" / "hillstrom" / "hillstrom.csv.gz"
NONE, MENS, WOMENS = "No E-Mail", "Mens E-Mail", "Womens E-Mail"

COUNTS = {  # people, visits, conversions, spend per assigned person
    NONE: (21_306, 2_262, 122, 0.652789),
    MENS: (21_307, 3_894, 267, 1.422617),
    WOMENS: (21_387, 3_238, 189, 1.077202),
}
VISITS = {
    (MENS, NONE): (0.0765895637, 0.0699535012, 0.0832256261, 5.685165e-112),
    (WOMENS, NONE): (0.0452331066, 0.0388938258, 0.0515723874, 3.182403e-44),
}
CONVERSIONS = {
    (MENS, NONE): (0.0068050065, 0.0050001714, 0.0086098417, 1.5232235e-13),
    (WOMENS, NONE): (0.0031110575, 0.0014986778, 0.0047234372, 1.5710501e-04),
}
MENS_AGAINST_WOMENS = (0.0036939490, 0.0017435127, 0.0056443853, 2.0515377e-04)
SPEND = {
    (MENS, NONE): (0.7698271559, 0.4851397326, 1.0545145792, 1.1638150e-07),
    (WOMENS, NONE): (0.4244122159, 0.1689567899, 0.6798676419, 1.1293971e-03),
}

pytestmark = pytest.mark.skipif(
    not DATA.is_file(), reason="the folder shared/data with the published test is not here"
)


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    return pd.read_csv(DATA)


def analysed(
    people: pd.DataFrame, goal: str, folder: Path, control: str = NONE
) -> tuple[ExperimentResults, dict[str, Any]]:
    path = folder / f"{goal}.csv"
    columns = {
        "user": people.index,
        "variant": people["segment"],
        "exposed_at": "2008-03-20T00:00:00Z",
        "goal": people[goal],
        "value": people["spend"],
    }
    pd.DataFrame(columns).to_csv(path, index=False)
    found = read_results(path, control=control)
    results = experiment_results(found.people, found.settings, now=found.known_until)
    return results, json.loads(results_json(results))


def contrasts(document: dict[str, Any], metric: str) -> dict[tuple[str, str], tuple[float, ...]]:
    return {
        (c["variant"], c["control"]): (c["diff"], c["ci_low"], c["ci_high"], c["p"])
        for c in document["contrasts"]
        if c["metric"] == metric
    }


def test_visits_agree_with_the_published_table(people: pd.DataFrame, tmp_path: Path) -> None:
    _, document = analysed(people, "visit", tmp_path)

    assert document["srm"]["p"] == pytest.approx(0.9036929575604196, rel=1e-6)
    assert {v["name"]: (v["exposed"], v["goals"]) for v in document["variants"]} == {
        name: counts[:2] for name, counts in COUNTS.items()
    }
    found = contrasts(document, "goal")
    for pair, figures in VISITS.items():
        assert found[pair] == pytest.approx(figures, rel=1e-6)


def test_conversions_and_spend_agree_with_the_published_table(
    people: pd.DataFrame, tmp_path: Path
) -> None:
    results, document = analysed(people, "conversion", tmp_path)

    assert {v["name"]: v["goals"] for v in document["variants"]} == {
        name: counts[2] for name, counts in COUNTS.items()
    }
    means = {v["name"]: v["value_mean"] for v in document["variants"]}
    assert means == pytest.approx({n: c[3] for n, c in COUNTS.items()}, abs=5e-7)
    for expected, metric in ((CONVERSIONS, "goal"), (SPEND, "value")):
        found = contrasts(document, metric)
        assert found.keys() == expected.keys()
        for pair, figures in expected.items():
            assert found[pair] == pytest.approx(figures, rel=1e-6)
    assert results.verdict.kind is VerdictKind.WINS
    assert results.verdict.winner == MENS


def test_another_control_gives_the_third_published_contrast(
    people: pd.DataFrame, tmp_path: Path
) -> None:
    _, document = analysed(people, "conversion", tmp_path, control=WOMENS)

    found = contrasts(document, "goal")
    assert found[(MENS, WOMENS)] == pytest.approx(MENS_AGAINST_WOMENS, rel=1e-6)
