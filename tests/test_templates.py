"""The starter e-mails compile, and the starter campaigns are valid and fit the sample shop."""

import csv
import gzip
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import mjml
import pytest
import yaml
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from core.domain.campaigns import Campaign, Stage
from core.domain.triggers import matchers_of, properties_of
from core.services.campaign_files import load_campaign
from core.services.documents import read_document

ROOT = Path(__file__).parents[1]
TEMPLATES = sorted((ROOT / "templates").glob("*.mjml"))
CAMPAIGNS = sorted((ROOT / "templates" / "campaigns").glob("*.yaml"))
KNOWN_TAGS = {
    *("mjml", "mj-head", "mj-title", "mj-preview", "mj-raw", "mj-attributes", "mj-all"),
    *("mj-class", "mj-style", "mj-body", "mj-section", "mj-column", "mj-group"),
    *("mj-text", "mj-image", "mj-button", "mj-divider", "mj-spacer"),
}


class Page(HTMLParser):
    """The links and pictures of a compiled e-mail."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a":
            self.links.append(found.get("href") or "")
        if tag == "img":
            self.pictures.append(found)


def about(template: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(template.with_suffix(".yaml").read_text("utf-8"))
    return found


def jinja(*, autoescape: bool) -> ImmutableSandboxedEnvironment:
    loader = FileSystemLoader(ROOT / "templates")
    return ImmutableSandboxedEnvironment(
        loader=loader, autoescape=autoescape, undefined=StrictUndefined
    )


def filled(template: Path, **changes: Any) -> str:
    """Give the MJML for the sample person, with parts of the sample context replaced."""
    meta = about(template)
    context = {**meta["sample"], **changes}
    lines = {
        name: jinja(autoescape=False).from_string(meta[name]).render(context)
        for name in ("subject", "preheader")
    }
    return jinja(autoescape=True).get_template(template.name).render({**context, **lines})


def compiled(template: Path, **changes: Any) -> str:
    return mjml.mjml2html(filled(template, **changes))


def test_there_are_templates_and_campaigns() -> None:
    assert "cart_recovery" in {path.stem for path in TEMPLATES}
    assert len(CAMPAIGNS) == 10


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
class TestEveryTemplate:
    def test_says_what_it_is_for(self, template: Path) -> None:
        meta = about(template)

        assert meta["description"]
        assert meta["stage"] in set(Stage)
        assert meta["subject"]
        assert meta["preheader"]

    def test_uses_only_tags_that_exist(self, template: Path) -> None:
        tags = set(re.findall(r"<(mj[\w-]*)", filled(template)))

        assert tags <= KNOWN_TAGS

    def test_compiles_without_leftovers(self, template: Path) -> None:
        html = compiled(template)

        assert "<mj-" not in html
        assert not re.search(r"\{\{|\{%|\}\}", html)
        assert len(html.encode()) < 102_000  # longer ones are cut off by some mailboxes

    def test_offers_a_way_out_and_names_the_sender(self, template: Path) -> None:
        sample = about(template)["sample"]

        html = compiled(template)

        assert sample["links"]["unsubscribe"] in Page(html).links
        assert sample["links"]["preferences"] in Page(html).links
        assert sample["company"]["address"] in unescape(html)

    def test_every_picture_says_what_it_shows(self, template: Path) -> None:
        page = Page(compiled(template))

        assert all(picture.get("alt") for picture in page.pictures)

    def test_every_address_is_reserved_for_examples(self, template: Path) -> None:
        page = Page(compiled(template))
        addresses = page.links + [picture.get("src") or "" for picture in page.pictures]

        assert addresses
        assert all(address.startswith("https://shop.example.com") for address in addresses)


CART_RECOVERY = ROOT / "templates" / "cart_recovery.mjml"


def test_cart_recovery_shows_each_product_with_its_price_and_the_total() -> None:
    text = unescape(compiled(CART_RECOVERY))

    for shown in ("Elvast Hiking Boot", "€182.95", "2 × €15.90", "€31.80", "Total €214.75"):
        assert shown in text


def test_cart_recovery_reads_well_without_a_first_name() -> None:
    text = unescape(compiled(CART_RECOVERY, profile={"user_id": "u1"}))

    assert "Your basket is where you left" in text
    assert "None" not in text


def test_cart_recovery_leaves_out_what_is_not_known_of_a_product() -> None:
    product = {"title": "Jorvan Gaiters", "url": "https://shop.example.com/p/p017"}
    cart = {"url": "https://shop.example.com/cart", "products": [product]}

    html = compiled(CART_RECOVERY, cart=cart)

    assert "Jorvan Gaiters" in html
    assert Page(html).pictures == []
    assert "€" not in unescape(html)


def test_cart_recovery_counts_what_it_does_not_show() -> None:
    product = about(CART_RECOVERY)["sample"]["cart"]["products"][0]
    cart = {"url": "https://shop.example.com/cart", "total": 1, "products": [product] * 7}

    html = compiled(CART_RECOVERY, cart=cart)

    assert len(Page(html).pictures) == 4
    assert "and 3 more in your basket" in html


def test_cart_recovery_escapes_what_comes_from_outside() -> None:
    html = compiled(CART_RECOVERY, profile={"first_name": "<b>Eve</b>"})

    assert "<b>Eve" not in html


def test_the_sample_cart_is_in_the_sample_catalogue() -> None:
    with (ROOT / "data" / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        catalogue = {row["product_id"]: row for row in csv.DictReader(file)}

    for product in about(CART_RECOVERY)["sample"]["cart"]["products"]:
        known = catalogue[product["product_id"]]
        assert (product["title"], product["image"]) == (known["title"], known["image"])
        assert product["price"] == float(known["price"])


@pytest.fixture(scope="module")
def properties_by_event() -> dict[str, set[str]]:
    """Which properties each event of the sample shop has, from its columns and its JSON."""
    found: dict[str, set[str]] = {}
    with gzip.open(ROOT / "data" / "events.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            names = found.setdefault(row["event"], set())
            names.update(re.findall(r'"(\w+)":', row["properties"]))
            names.update(name for name in ("product_id", "session_id") if row[name])
    return found


@pytest.mark.parametrize("path", CAMPAIGNS, ids=lambda path: path.stem)
class TestEveryCampaign:
    def test_is_valid_and_explains_itself(self, path: Path) -> None:
        campaign = load_campaign(path)

        assert campaign.stage is not None
        assert campaign.goal is not None
        assert campaign.description.count(".") in (1, 2)

    def test_sends_only_templates_that_exist(self, path: Path) -> None:
        assert load_campaign(path).templates() <= {template.stem for template in TEMPLATES}

    def test_asks_for_what_the_sample_shop_records(
        self, path: Path, properties_by_event: dict[str, set[str]]
    ) -> None:
        campaign = load_campaign(path)
        assert campaign.goal is not None

        for matcher in matchers_of(campaign.trigger):
            for event in matcher.event:
                assert properties_of(campaign.trigger) <= properties_by_event[event]
        for event in campaign.goal.event.event:
            asked = {condition.property for condition in campaign.goal.event.where}
            assert asked <= properties_by_event[event]

    def test_means_the_same_to_every_reader_of_yaml(self, path: Path) -> None:
        text = path.read_text("utf-8")

        assert read_document(text, path.name).values == yaml.safe_load(text)


def test_the_starter_campaigns_show_every_kind_of_trigger_and_every_stage() -> None:
    campaigns: list[Campaign] = [load_campaign(path) for path in CAMPAIGNS]

    assert len({campaign.trigger.kind for campaign in campaigns}) == 6
    assert {campaign.stage for campaign in campaigns} == set(Stage)
    assert len({campaign.name for campaign in campaigns}) == len(campaigns)
