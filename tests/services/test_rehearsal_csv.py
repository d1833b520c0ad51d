"""The archive of a kept rehearsal: the very files that the command line writes."""

import csv
import io
from pathlib import Path
from zipfile import ZipFile

import pytest

from core.domain.campaigns import Campaign
from core.history.reading import Dataset
from core.services.campaign_files import read_campaign
from core.services.rehearsal_csv import archive, campaign_texts
from core.services.rehearse import FIRINGS, MESSAGES, SUMMARY, TRACE, rehearse_to_files
from core.services.stored_rehearsals import NamedVersion, open_rehearsal, rehearse_and_keep
from tests.history.datasets import IMPORTED_AT
from tests.services.shops import CART, VIEWED, campaign, small_shop
from tests.services.test_rehearse_flows import FLOW, busy_shop

MAIL = {"steps": [{"id": "mail", "kind": "send", "template": "hello"}]}


@pytest.fixture
def shop(tmp_path: Path) -> Dataset:
    return small_shop(tmp_path / "home")


def packed(home: Path, shop: Dataset, *campaigns: Campaign) -> ZipFile:
    given = [NamedVersion(campaign=campaign) for campaign in campaigns]
    record = rehearse_and_keep(home, shop, given, made_at=IMPORTED_AT)
    record, outcome = open_rehearsal(home, record.rehearsal_id)
    return ZipFile(io.BytesIO(archive(record, outcome, shop)))


@pytest.mark.parametrize("file", [FIRINGS, MESSAGES, TRACE, SUMMARY])
def test_each_file_is_byte_for_byte_what_the_command_writes(
    tmp_path: Path, shop: Dataset, file: str
) -> None:
    campaigns = [campaign(VIEWED, name="Zebra", **MAIL), campaign(CART, **MAIL)]
    rehearse_to_files(campaigns, shop, tmp_path / "out")

    files = packed(tmp_path / "home", shop, *campaigns)

    assert files.read(file) == (tmp_path / "out" / file).read_bytes()


@pytest.mark.parametrize("at_once", [1, 7, 10**9])
def test_10_the_archive_does_not_depend_on_how_many_enrolments_are_written_at_once(
    tmp_path: Path, at_once: int
) -> None:
    home = tmp_path / "home"
    dataset = busy_shop(home)
    campaigns = [campaign(FLOW), campaign(VIEWED), campaign(VIEWED, name="A", **MAIL)]
    given = [NamedVersion(campaign=campaign) for campaign in campaigns]
    record = rehearse_and_keep(home, dataset, given, made_at=IMPORTED_AT)
    _, outcome = open_rehearsal(home, record.rehearsal_id)

    made = archive(record, outcome, dataset, enrolments_at_once=at_once)

    assert made == archive(record, outcome, dataset)
    rehearse_to_files(campaigns, dataset, tmp_path / "out")
    files = ZipFile(io.BytesIO(made))
    for file in (FIRINGS, MESSAGES, TRACE):
        assert files.read(file) == (tmp_path / "out" / file).read_bytes()


def test_the_campaigns_lie_beside_and_read_back_as_they_were(tmp_path: Path, shop: Dataset) -> None:
    files = packed(tmp_path / "home", shop, campaign(CART, **MAIL))

    text = files.read("campaigns/cart-abandonment.yaml").decode()

    assert read_campaign(text, "cart-abandonment.yaml") == campaign(CART, **MAIL)


def test_campaigns_whose_names_make_one_file_name_keep_a_file_each(
    tmp_path: Path, shop: Dataset
) -> None:
    given = [NamedVersion(campaign=campaign(CART, name=name)) for name in ("A b", "a-b")]
    record = rehearse_and_keep(tmp_path / "home", shop, given, made_at=IMPORTED_AT)

    assert sorted(campaign_texts(record)) == ["2-a-b.yaml", "a-b.yaml"]


def test_who_nobody_wrote_to_is_in_no_line(tmp_path: Path, shop: Dataset) -> None:
    files = packed(tmp_path / "home", shop, campaign(CART, **MAIL))

    lines = list(csv.DictReader(io.StringIO(files.read(MESSAGES).decode())))

    assert {line["user_id"] for line in lines} == {"ann", "dee"}
