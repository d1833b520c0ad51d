"""The script for pages, on a website of another origin, against a running Rehearsal."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, expect

from core.ui.connect.code_samples import (
    CAREFUL_CALLS,
    CONSENT_CALLS,
    EVENT_CALLS,
    MARKED_BUTTON,
    TAG_MANAGER_WITHDRAWAL,
    page_snippet,
    sign_up_form,
    tag_manager_tag,
)
from tests.browser.steps import eventually
from tests.browser.websites import Receiver, Website

pytestmark = pytest.mark.xdist_group("clients")

GIVEN = 'data-consent="given"'
STORED = "localStorage.getItem('rehearsal_id')"


@pytest.fixture
def page(page: Page) -> Iterator[Page]:
    """Give a page in which nothing may go wrong on the website's own account."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []


class Tagged:
    """A website with the script in its pages, in one browser."""

    def __init__(self, receiver: Receiver, site: Website, page: Page) -> None:
        self.receiver, self.site, self.page = receiver, site, page
        self.sent: list[Request] = []
        page.on("request", lambda r: self.sent.append(r) if r.method == "POST" else None)

    def put(self, *, agreed: bool = True, body: str = "", path: str = "/a", early: str = "",
            times: int = 1, marks: Mapping[str, str] = MappingProxyType({})) -> None:  # fmt: skip
        """Put the code that the page Connect shows into a page; `marks` replace parts of it."""
        code = page_snippet(self.receiver.address, self.receiver.browser_key, is_given=agreed)
        for part, other in marks.items():
            code = code.replace(part, other)
        early = f"<script>{early}</script>" if early else ""
        stub, tag = code.split("</script>\n")
        self.site.pages[path] = (
            f"<!doctype html><title>Tents</title>{stub}</script>{early}{tag * times}"
            f"<body>{body}</body>"
        )

    def open(self, path: str = "/a") -> None:
        self.page.goto(self.site.address + path)
        self.page.wait_for_function("window.rehearsal.isReady")

    def run(self, script: str) -> Any:
        return self.page.evaluate(script)

    def leave(self) -> None:
        """Go to a page that measures nothing."""
        self.site.pages["/away"] = "<!doctype html><title>Away</title>"
        self.page.goto(f"{self.site.address}/away")

    def expect_nothing(self) -> None:
        """Wait longer than events wait for each other, leave, and see that nothing was sent."""
        self.page.wait_for_timeout(1_200)
        assert self.sent == []
        self.leave()
        self.page.wait_for_timeout(300)
        assert self.receiver.names() == []

    def expect(self, *names: str) -> list[dict[str, Any]]:
        """Leave, wait until these events came in and no others, and give their properties.

        How long it took only counts where it is asked for: on a slow machine it is a second.
        """
        self.leave()
        wanted = sorted(names)

        def found() -> list[tuple[str, dict[str, Any]]]:
            events = self.receiver.events("event, properties")
            return [one for one in events if one[0] in names or one[0] != "time_on_page"]

        eventually(self.page, lambda: len(found()) >= len(wanted))
        assert sorted(name for name, _ in found()) == wanted
        return [properties for _, properties in found()]


@pytest.fixture
def tagged(receiver: Receiver, site: Website, page: Page) -> Tagged:
    return Tagged(receiver, site, page)


def test_nothing_is_stored_or_sent_before_somebody_agrees(tagged: Tagged) -> None:
    tagged.put(
        agreed=False, body="<button data-track='buy'>Buy</button>", early="rehearsal.track('early')"
    )
    tagged.open()

    tagged.run("rehearsal.track('seen'); rehearsal.identify('ann', {email: 'a@example.com'})")
    tagged.page.get_by_role("button").click()
    before = tagged.run("Object.keys(localStorage).length + document.cookie.length")

    assert before == 0
    tagged.expect_nothing()


def test_from_the_moment_of_agreeing_on_it_is_measured(tagged: Tagged) -> None:
    tagged.put(agreed=False, early="rehearsal.track('early')")
    tagged.open()

    tagged.run("rehearsal.track('before'); rehearsal.consent(true); rehearsal.track('after')")
    person = tagged.run(STORED)

    tagged.expect("page", "after")
    assert set(tagged.receiver.events("user_id")) == {(f"anon:{person}",)}
    assert tagged.page.context.cookies() == []


def test_a_view_says_where_and_by_which_campaign(tagged: Tagged) -> None:
    tagged.put()

    tagged.open("/a?x=1&utm_source=news&utm_campaign=spring#below")

    (view,) = tagged.expect("page")
    assert view["url"] == f"{tagged.site.address}/a?x=1&utm_source=news&utm_campaign=spring"
    assert (view["path"], view["title"]) == ("/a", "Tents")
    assert view["context"]["campaign"] == {"source": "news", "name": "spring"}
    assert view["context"]["locale"]


def test_an_app_in_one_page_is_one_view_for_each_address(tagged: Tagged) -> None:
    tagged.put()
    tagged.open()

    for address in ("/b", "/b", "/c"):
        tagged.run(f"history.pushState({{}}, '', '{address}')")
    for place in ("below", "/route"):
        tagged.run(f"location.hash = '{place}'")
        tagged.page.wait_for_function(f"location.hash === '#{place}'")
    tagged.page.go_back()
    tagged.page.wait_for_function("location.hash === '#below'")
    tagged.run("history.replaceState({}, '', '/d')")

    views = tagged.expect(*["page"] * 5)
    addresses = [view["url"].removeprefix(tagged.site.address) for view in views]
    assert addresses == ["/a", "/b", "/c", "/c#/route", "/c"]


def test_a_click_on_what_is_marked_is_an_event(tagged: Tagged) -> None:
    tagged.put(
        body="<a href='#x' data-track='cart_add' data-track-product-id='007' data-other='no'>"
        "<b>Add</b></a><button data-track>Plain</button><i>Nothing</i>"
    )
    tagged.open()

    for name in ("Add", "Plain", "Nothing"):
        tagged.page.get_by_text(name).click()

    _, added, plain = tagged.expect("page", "cart_add", "click")
    assert added.pop("context")["page"]["path"] == "/a"
    assert added == {"product_id": "007"}
    assert set(plain) == {"context"}


def test_how_far_somebody_scrolled_is_said_once_for_each_quarter(tagged: Tagged) -> None:
    tagged.put(body="<div style='height: 4000px'></div>")
    tagged.open()

    for place in (0, 4_000, 0, 4_000):
        tagged.run(f"scrollTo(0, {place})")
        tagged.page.wait_for_timeout(60)

    found = tagged.expect("page", *["scroll_depth"] * 4)
    assert [one.get("percent") for one in found] == [None, 25, 50, 75, 100]


def test_a_page_that_fits_the_screen_has_no_depth(tagged: Tagged) -> None:
    tagged.put(body="Short")
    tagged.open()

    tagged.run("dispatchEvent(new Event('resize'))")

    tagged.expect("page")


@pytest.fixture
def stopped(tagged: Tagged) -> Tagged:
    """Open a page whose clock stands still, before anybody agreed."""
    tagged.page.clock.install(time=datetime(2026, 9, 1, tzinfo=UTC))
    tagged.put(agreed=False)
    tagged.open()
    tagged.page.clock.pause_at(datetime(2026, 9, 1, 1, tzinfo=UTC))
    return tagged


def test_time_counts_while_the_page_is_in_sight_and_adds_up(stopped: Tagged) -> None:
    def be_hidden(is_hidden: bool) -> None:
        stopped.run(
            f"Object.defineProperty(document, 'hidden', {{value: {str(is_hidden).lower()}, "
            "configurable: true}); document.dispatchEvent(new Event('visibilitychange'))"
        )

    stopped.run("rehearsal.consent(true)")
    stopped.page.clock.fast_forward(20_000)
    be_hidden(True)
    stopped.page.clock.fast_forward(600_000)
    be_hidden(False)
    stopped.page.clock.fast_forward(12_000)

    found = stopped.expect("page", "time_on_page", "time_on_page")
    assert [one["seconds"] for one in found if "seconds" in one] == [20, 12]
    assert found[1]["context"]["page"]["path"] == "/a"


def test_time_before_agreeing_does_not_count(stopped: Tagged) -> None:
    stopped.run("document.dispatchEvent(new Event('visibilitychange'))")
    stopped.page.clock.fast_forward(100_000)
    stopped.run("rehearsal.consent(true)")
    stopped.page.clock.fast_forward(5_000)

    found = stopped.expect("page", "time_on_page")
    assert found[1]["seconds"] == 5


def test_a_visitor_who_says_who_they_are_keeps_what_they_did(tagged: Tagged) -> None:
    tagged.put(early="rehearsal.track('cart_add', {product_id: 'tent-2', price: 129.5})")
    tagged.open()

    tagged.run("rehearsal.identify('ann', {email: 'ann@example.com', plan: 'pro'})")
    tagged.run("rehearsal.track('purchase', {total: 129.5})")

    found = tagged.expect("page", "cart_add", "purchase")
    assert set(tagged.receiver.events("user_id")) == {("ann",)}
    assert found[1]["price"] == 129.5
    assert tagged.receiver.rows("SELECT user_id, email FROM live_profiles") == [
        ("ann", "ann@example.com")
    ]


def test_the_next_page_knows_the_visitor_again_until_they_log_out(tagged: Tagged) -> None:
    tagged.put()
    tagged.put(path="/b")
    tagged.open()
    first = tagged.run(STORED)
    tagged.open("/b")
    same = tagged.run(STORED)

    tagged.run("rehearsal.reset(); rehearsal.track('seen')")
    other = tagged.run(STORED)

    tagged.expect("page", "page", "seen")
    assert first == same != other
    assert tagged.receiver.events("user_id")[-1] == (f"anon:{other}",)


def test_who_withdraws_is_forgotten_and_nothing_that_waits_is_sent(tagged: Tagged) -> None:
    said = ("track('seen')", "consent(false)", "track('after')")
    tagged.put(early="; ".join(f"rehearsal.{call}" for call in said))

    tagged.open()

    assert tagged.run("Object.keys(localStorage).length") == 0
    tagged.expect_nothing()


@pytest.mark.parametrize(
    "signal", ["'globalPrivacyControl', {value: true}", "'doNotTrack', {value: '1'}"]
)
def test_who_objects_by_their_browser_is_not_measured_even_after_agreeing(
    tagged: Tagged, signal: str
) -> None:
    tagged.page.add_init_script(f"Object.defineProperty(navigator, {signal})")
    tagged.put()
    tagged.open()

    tagged.run("rehearsal.consent(true); rehearsal.track('seen')")
    kept = tagged.run("Object.keys(localStorage).length")

    assert kept == 0
    tagged.expect_nothing()


def test_a_website_may_say_that_its_own_question_weighs_more(tagged: Tagged) -> None:
    signal = "Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})"
    tagged.page.add_init_script(signal)
    tagged.put(marks={GIVEN: f'{GIVEN} data-signals="ignore"'})

    tagged.open()

    tagged.expect("page")


def test_without_storage_a_visit_lasts_as_long_as_the_page(tagged: Tagged) -> None:
    tagged.page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('blocked'); }})"
    )
    tagged.put()
    tagged.open()

    tagged.run("rehearsal.track('seen'); rehearsal.consent(false)")
    tagged.run("rehearsal.consent(true)")

    tagged.expect("page")


def test_what_was_not_taken_is_sent_again_and_counts_once(tagged: Tagged) -> None:
    tagged.page.clock.install()
    sent: list[list[str]] = []

    def fail_twice(route: Route, request: Request) -> None:
        sent.append([one["messageId"] for one in (request.post_data_json or {})["batch"]])
        if len(sent) == 1:
            route.fulfill(status=503, headers={"Access-Control-Allow-Origin": "*"})
        elif len(sent) == 2:
            route.fetch()  # taken, but the answer is lost
            route.abort()
        else:
            route.continue_()

    tagged.page.route("**/v1/batch", fail_twice)
    tagged.put(early="rehearsal.track('seen')")
    tagged.open()
    for attempt in (1, 2, 3):
        tagged.page.clock.fast_forward(10_000)
        eventually(tagged.page, lambda count=attempt: len(sent) >= count)  # type: ignore[misc]
        tagged.page.wait_for_timeout(50)
    tagged.page.clock.fast_forward(10_000)

    assert len(sent[0]) == 2
    assert sent[0] == sent[1] == sent[2][:2]
    assert sorted(name for name in tagged.receiver.names() if name != "time_on_page") == [
        "page",
        "seen",
    ]


def test_what_cannot_be_used_is_not_sent_again(tagged: Tagged) -> None:
    tagged.page.clock.install()
    sent: list[str] = []

    def refuse(route: Route) -> None:
        sent.append("")
        route.fulfill(status=401, headers={"Access-Control-Allow-Origin": "*"})

    tagged.page.route("**/v1/batch", refuse)
    tagged.put()
    tagged.open()
    for _ in range(5):
        tagged.page.clock.fast_forward(30_000)
        tagged.page.wait_for_timeout(20)

    assert len(sent) == 1


def test_many_events_go_in_few_requests(tagged: Tagged) -> None:
    tagged.put()
    tagged.open()

    tagged.run("for (let n = 0; n < 45; n++) rehearsal.track('seen', {n})")

    found = tagged.expect("page", *["seen"] * 45)
    assert sorted(one["n"] for one in found if "n" in one) == list(range(45))
    assert len(tagged.sent) <= 4
    assert {r.headers["content-type"].partition(";")[0] for r in tagged.sent} == {"text/plain"}
    assert not any({"authorization", "cookie"} & set(r.headers) for r in tagged.sent)


def test_the_way_back_to_a_page_that_was_kept_is_a_view(tagged: Tagged) -> None:
    tagged.put()
    tagged.open()

    tagged.run("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    tagged.run("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")

    tagged.expect("page", "page")


def test_twice_in_a_page_it_measures_once(tagged: Tagged) -> None:
    tagged.put(times=2)
    tagged.open()

    tagged.run("rehearsal.track('seen')")

    tagged.expect("page", "seen")


def test_it_runs_under_a_strict_policy(tagged: Tagged) -> None:
    host = tagged.receiver.address
    tagged.site.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'nonce-abc' {host}; connect-src {host}; "
        "require-trusted-types-for 'script'"
    )
    tagged.put(marks={"<script>": '<script nonce="abc">'})

    tagged.open()

    tagged.expect("page")


def test_nothing_that_a_page_passes_makes_it_throw_or_stop(tagged: Tagged) -> None:
    tagged.put(early="rehearsal.nonsense; rehearsal.q.push(['nonsense', []], ['isReady', []])")
    tagged.open()

    tagged.run(
        """() => {
            const circle = {}; circle.self = circle;
            rehearsal.track('circle', circle);
            rehearsal.track('big', {n: 10n});
            rehearsal.track('trap', {get n() { throw new Error('trap') }});
            rehearsal.track(); rehearsal.identify(null); rehearsal.page(null, 'x');
            rehearsal.consent('yes'); rehearsal.consent(true);
            rehearsal.track('fine');
        }"""
    )

    eventually(tagged.page, lambda: "fine" in tagged.receiver.names() or tagged.leave() is None)
    eventually(tagged.page, lambda: "fine" in tagged.receiver.names())


def test_a_tag_manager_brings_it_late_and_takes_consent_back(tagged: Tagged) -> None:
    def fire(tag: str) -> None:
        tagged.run(f"() => {{{tag.removeprefix('<script>').removesuffix('</script>')}}}")

    tag = tag_manager_tag(tagged.receiver.address, tagged.receiver.browser_key)
    tagged.site.pages["/a"] = "<!doctype html><title>Tents</title>"
    tagged.page.goto(f"{tagged.site.address}/a")
    fire(TAG_MANAGER_WITHDRAWAL)
    fire(CAREFUL_CALLS)

    fire(tag)
    tagged.page.wait_for_function("window.rehearsal && window.rehearsal.isReady")
    tagged.run("rehearsal.track('seen')")
    eventually(tagged.page, lambda: len(tagged.receiver.names()) == 2)
    fire(TAG_MANAGER_WITHDRAWAL)
    tagged.run("rehearsal.track('between')")
    fire(tag)

    tagged.expect("page", "seen", "page")


def test_the_form_that_people_copy_reaches_us(tagged: Tagged) -> None:
    receiver = tagged.receiver
    form = sign_up_form(receiver.address, receiver.browser_key)
    tagged.site.pages["/form"] = f"<!doctype html><title>News</title>{form}"
    tagged.page.goto(f"{tagged.site.address}/form")

    tagged.page.get_by_label("E-mail address").fill("jo@example.com")
    tagged.page.get_by_role("button", name="Sign up").click()

    expect(tagged.page).to_have_title("Almost done")
    assert tagged.page.url == f"{receiver.address}/v1/subscribe"


def test_the_calls_that_people_copy_do_what_they_say(tagged: Tagged) -> None:
    tagged.put(agreed=False, body=MARKED_BUTTON)
    tagged.open()

    tagged.run(CONSENT_CALLS.splitlines()[0])
    tagged.run(EVENT_CALLS)
    tagged.page.get_by_role("button").click()

    found = tagged.expect("page", "cart_add", "purchase", "cart_add")
    assert [one.get("price") for one in found] == [None, 129, None, None]
    assert found[3]["product_id"] == "tent-2"
    people = [user for (user,) in tagged.receiver.events("user_id")]
    assert people[:3] == ["customer-17"] * 3
    assert people[3].startswith("anon:")
