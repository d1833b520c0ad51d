"""The starter e-mails compile, and the starter campaigns are valid and fit the sample shop."""

import csv
import gzip
import re
from collections.abc import Iterator
from datetime import datetime
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import mjml
import pytest
import yaml
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from core.domain.campaigns import Always, Campaign, Stage
from core.domain.conditions import DidCondition, parts_of
from core.domain.matchers import Matcher
from core.domain.steps import SendStep, WaitForStep, conditions_of
from core.domain.triggers import AbsenceTrigger, InactivityTrigger, matchers_of, properties_of
from core.history.reading import open_dataset
from core.services.campaign_files import load_campaign
from core.services.documents import read_document
from core.services.imports import SAMPLE_NAME
from core.services.rehearse import rehearse_to_files

ROOT = Path(__file__).parents[1]
TEMPLATES = sorted((ROOT / "templates").glob("*.mjml"))
CAMPAIGNS = sorted((ROOT / "templates" / "campaigns").glob("*.yaml"))
KNOWN_TAGS = {
    *("mjml", "mj-head", "mj-title", "mj-preview", "mj-raw", "mj-attributes", "mj-all"),
    *("mj-class", "mj-style", "mj-body", "mj-section", "mj-column", "mj-group"),
    *("mj-text", "mj-image", "mj-button", "mj-divider", "mj-spacer"),
}


# What a template is given of which there may be nothing.
LISTS = ("viewed", "recommendations", "orders")
HIDDEN = re.compile(r"<head.*?</head>|<!--.*?-->|<div style=\"display:none.*?</div>", re.DOTALL)
LINE_ENDS = re.compile(r"</(?:td|div|p)>|<br\s*/?>")
LEFTOVERS = re.compile(r"None|Undefined|[\[\]{}]|(?:^|\s)[,.;:?!]|[,;:]\s*[,;:.?!]|€\s|€$")


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


def lines_of(template: Path, **changes: Any) -> dict[str, str]:
    """Give subject and preheader for the sample person."""
    meta = about(template)
    context = {**meta["sample"], **changes}
    return {
        name: jinja(autoescape=False).from_string(meta[name]).render(context)
        for name in ("subject", "preheader")
    }


def filled(template: Path, **changes: Any) -> str:
    """Give the MJML for the sample person, with parts of the sample context replaced."""
    context = {**about(template)["sample"], **changes, **lines_of(template, **changes)}
    return jinja(autoescape=True).get_template(template.name).render(context)


def compiled(template: Path, **changes: Any) -> str:
    return mjml.mjml2html(filled(template, **changes))


def text_of(html: str) -> list[str]:
    """Give what a compiled e-mail says, line by line."""
    shown = LINE_ENDS.sub("\n", HIDDEN.sub("", html))
    text = unescape(re.sub(r"<[^>]*>", "", shown)).replace("\xa0", " ")
    return [line for line in (" ".join(row.split()) for row in text.split("\n")) if line]


def nothing_known(template: Path) -> dict[str, Any]:
    """Give the changes that leave a person without a name, history and recommendations."""
    sample = about(template)["sample"]
    return {"profile": {"user_id": "u1"}} | {name: [] for name in LISTS if name in sample}


def products_in(part: Any) -> Iterator[dict[str, Any]]:
    """Find the products anywhere in a sample context."""
    if isinstance(part, dict) and "product_id" in part:
        yield part
    elif isinstance(part, dict | list):
        for member in part.values() if isinstance(part, dict) else part:
            yield from products_in(member)


def test_there_are_templates_and_campaigns() -> None:
    assert len(TEMPLATES) == 18
    assert len(CAMPAIGNS) == 14


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

    def test_fits_into_the_line_of_an_inbox(self, template: Path) -> None:
        for known in ({}, nothing_known(template)):
            lines = lines_of(template, **known)

            assert 10 < len(lines["subject"]) <= 60
            assert 20 < len(lines["preheader"]) <= 110
            assert not any(LEFTOVERS.search(line) for line in lines.values())

    @pytest.mark.parametrize("is_known", [True, False], ids=["known", "unknown"])
    def test_reads_well_as_text(self, template: Path, is_known: bool) -> None:
        sample = about(template)["sample"]
        changes = {} if is_known else nothing_known(template)

        lines = text_of(compiled(template, **changes))

        assert lines[0] == sample["company"]["name"].upper()
        assert lines[-1].startswith(sample["company"]["name"])
        assert [line for line in lines if LEFTOVERS.search(line)] == []
        assert all(line[0].isupper() or not line[0].isalpha() for line in lines[1:3])
        assert 40 < len(" ".join(lines).split()) < 250

    def test_escapes_what_comes_from_outside(self, template: Path) -> None:
        sample = about(template)["sample"]
        named = {**sample["profile"], "first_name": "<b>Eve</b>"}

        html = compiled(template, profile=named)

        assert "<b>Eve" not in html

    def test_shows_products_as_the_sample_catalogue_has_them(
        self, template: Path, catalogue: dict[str, dict[str, str]]
    ) -> None:
        for product in products_in(about(template)["sample"]):
            known = catalogue[product["product_id"]]

            assert all(product[name] == known[name] for name in ("title", "image", "url"))
            assert product["price"] == float(known["price"])


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


def test_a_discount_is_the_same_in_words_and_figures() -> None:
    text = " ".join(text_of(compiled(ROOT / "templates" / "cart_discount.mjml")))

    assert "10% off what you picked" in text
    assert "Total €214.75 With CART10 €193.28" in text


def test_the_product_offered_is_the_one_the_trigger_is_about() -> None:
    template = ROOT / "templates" / "product_offer.mjml"

    text = " ".join(text_of(compiled(template, trigger={"key": "p047"})))

    assert "coming back to the Fennik Light Boot" in text
    assert "€150.95 €135.85" in text
    assert "Elvast" not in text


def test_the_review_is_asked_of_the_order_the_trigger_is_about() -> None:
    template = ROOT / "templates" / "review_request.mjml"
    orders = about(template)["sample"]["orders"]
    newer = {"order_id": "o2", "products": [{**orders[0]["products"][0], "title": "Belgrun Tent"}]}

    html = compiled(template, orders=[newer, *orders])

    assert "Elvast Hiking Boot" in html
    assert "Belgrun Tent" not in html
    assert {link for link in Page(html).links if "rating" in link} == {
        f"{orders[0]['products'][0]['url']}?rating={rating}" for rating in range(1, 6)
    }


@pytest.fixture(scope="module")
def catalogue() -> dict[str, dict[str, str]]:
    with (ROOT / "data" / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        return {row["product_id"]: row for row in csv.DictReader(file)}


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
        for matcher in [campaign.goal.event, *matchers_in_flow(campaign)]:
            for event in matcher.event:
                asked = {condition.property for condition in matcher.where}
                assert asked <= properties_by_event[event]

    def test_refers_to_what_the_event_behind_the_firing_has(
        self, path: Path, properties_by_event: dict[str, set[str]]
    ) -> None:
        campaign = load_campaign(path)
        assert campaign.goal is not None
        causes = causes_of(campaign)

        for matcher in [campaign.goal.event, *matchers_in_flow(campaign)]:
            for reference in matcher.references():
                assert reference != "$key" or campaign.trigger.key is not None
                named = reference.removeprefix("$trigger.")
                assert reference == "$key" or all(
                    named in properties_by_event[event] for event in causes
                )

    def test_a_flow_spares_people_at_night_too_often_and_again(self, path: Path) -> None:
        campaign = load_campaign(path)

        if campaign.steps:
            assert campaign.exit_on_goal
            assert campaign.reentry is not Always.ALWAYS
            assert campaign.frequency_cap is not None
            assert campaign.quiet_hours is not None
            assert (campaign.quiet_hours.from_, campaign.quiet_hours.to) == ("21:00", "08:00")

    def test_means_the_same_to_every_reader_of_yaml(self, path: Path) -> None:
        text = path.read_text("utf-8")

        assert read_document(text, path.name).values == yaml.safe_load(text)


def matchers_in_flow(campaign: Campaign) -> list[Matcher]:
    """List what the flow waits for and asks about."""
    waited = [step.event for step in campaign.steps if isinstance(step, WaitForStep)]
    asked = [
        part.did
        for step in campaign.steps
        for condition in conditions_of(step)
        for part in parts_of(condition)
        if isinstance(part, DidCondition)
    ]
    return waited + asked


def causes_of(campaign: Campaign) -> set[str]:
    """Name the events that may be the one behind a firing (SEMANTICS 3.7)."""
    matchers = matchers_of(campaign.trigger)
    match campaign.trigger:
        case AbsenceTrigger() | InactivityTrigger():
            return set(matchers[0].event)
        case _:
            return set(matchers[-1].event)


def mails_of(campaign: Campaign) -> list[str]:
    return [step.template for step in campaign.steps if isinstance(step, SendStep)]


def test_the_starter_campaigns_show_every_kind_of_trigger_and_every_stage() -> None:
    campaigns: list[Campaign] = [load_campaign(path) for path in CAMPAIGNS]

    assert len({campaign.trigger.kind for campaign in campaigns}) == 6
    assert {campaign.stage for campaign in campaigns} == set(Stage)
    assert len({campaign.name for campaign in campaigns}) == len(campaigns)


def test_no_two_starter_campaigns_do_the_same() -> None:
    campaigns = [load_campaign(path) for path in CAMPAIGNS]
    flows = [tuple(mails_of(campaign)) for campaign in campaigns if campaign.steps]

    assert len({campaign.trigger.model_dump_json() for campaign in campaigns}) == len(campaigns)
    assert len(set(flows)) == len(flows)


def test_every_template_is_sent_by_a_ready_flow() -> None:
    sent = {mail for path in CAMPAIGNS for mail in load_campaign(path).templates()}

    assert sent == {template.stem for template in TEMPLATES}


READY_FLOWS = {
    "cart_recovery": ["cart_recovery", "cart_discount", "cart_survey"],
    "browse_abandonment": ["browse_reminder", "browse_similar"],
    "inactivity": ["win_back", "win_back_offer"],
    "review_request": ["review_request", "review_request"],
    "upsell": ["upsell"],
    "welcome": ["welcome", "welcome_guide"],
    "third_purchase": ["loyalty_reward", "loyalty_reward"],
    "product_viewed_often": ["product_advice", "product_delivery", "product_offer"],
    "referral_thanks": ["referral_thanks"],
    "content_follow_up": ["content_follow_up"],
    "re_permission": ["re_permission", "re_permission"],
}


@pytest.mark.parametrize("name", READY_FLOWS)
def test_the_ready_flows_send_what_they_promise_in_this_order(name: str) -> None:
    campaign = load_campaign(ROOT / "templates" / "campaigns" / f"{name}.yaml")

    assert mails_of(campaign) == READY_FLOWS[name]


@pytest.mark.parametrize("name", ["inactivity", "product_viewed_often"])
def test_an_escalation_offers_more_only_to_those_who_did_not_answer(name: str) -> None:
    campaign = load_campaign(ROOT / "templates" / "campaigns" / f"{name}.yaml")
    steps = {step.id: step for step in campaign.steps}

    waits = [step for step in campaign.steps if isinstance(step, WaitForStep)]

    assert len(waits) == len(mails_of(campaign)) - 1
    for wait in waits:
        assert wait.event.event == ("email_clicked",)
        assert isinstance(steps[str(wait.otherwise)], SendStep)
        assert wait.then == "done"


def test_on_the_sample_shop_every_e_mail_is_sent_and_none_to_who_reached_the_goal(
    sample_home: Path, tmp_path: Path
) -> None:
    campaigns = {c.name: c for c in map(load_campaign, CAMPAIGNS) if c.steps}
    dataset = open_dataset(sample_home, SAMPLE_NAME)

    rehearse_to_files(list(campaigns.values()), dataset, tmp_path)

    sent = [row for row in rows_of(tmp_path / "messages.csv") if row["outcome"] == "sent"]
    assert {(row["campaign"], row["step"]) for row in sent} == {
        (name, step.id)
        for name, campaign in campaigns.items()
        for step in campaign.steps
        if isinstance(step, SendStep)
    }
    purchases = times_by_user("purchase")
    for row in sent:
        goal = campaigns[row["campaign"]].goal
        if goal is not None and "purchase" in goal.event.event:
            bought = purchases.get(row["user_id"], [])
            entered_at, due_at = map(datetime.fromisoformat, (row["enrolled_at"], row["due_at"]))
            assert not any(entered_at < at <= due_at for at in bought)


def times_by_user(event: str) -> dict[str, list[datetime]]:
    """Give the times at which each customer of the sample shop did something."""
    found: dict[str, list[datetime]] = {}
    with gzip.open(ROOT / "data" / "events.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["event"] == event and row["timestamp"].endswith("Z"):
                at = datetime.fromisoformat(row["timestamp"])
                found.setdefault(row["user_id"], []).append(at)
    return found


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
