"""One e-mail for one person: what is filled in, what is missing, and what keeps it from going."""

from dataclasses import replace
from typing import ClassVar

import pytest

from core.domain.values import JsonValue
from core.rendering.emails import MissingField, Mode, Refusal
from core.rendering.missing import MARK
from core.rendering.templates import template_of
from tests.rendering.mails import GRETA, Page, body, mail, refused, rendered, words


class TestMissingFields:
    def test_a_send_leaves_them_empty_and_lists_them_with_their_line(self) -> None:
        template = mail(words("Hi {{ profile.nick }},\n{{ cart.products[0].title }}!"))

        email = rendered(template)

        assert "Hi ,\n!" in Page(email.html).text
        assert email.missing == (
            MissingField(name="profile.nick", file="mail.mjml", line=1),
            MissingField(name="cart.products[0].title", file="mail.mjml", line=2),
        )

    def test_a_preview_marks_them_where_they_are_missing(self) -> None:
        template = mail(
            words('{{ profile.nick }} <a href="{{ cart.url }}">x</a>'),
            subject="For {{ profile.nick }}",
        )

        email = rendered(template, mode=Mode.PREVIEW)

        assert "<mark" in email.html
        assert Page(email.html).text.count("⟦profile.nick⟧") == 1
        assert email.subject == "For ⟦profile.nick⟧"
        assert "⟦profile.nick⟧" in email.text
        assert Page(email.html).all("a", "href") == ["#"]
        assert email.removed_links == ()

    def test_null_is_as_missing_as_nothing(self) -> None:
        email = rendered(mail(words("{{ profile.first_name }}")), {"profile": {"first_name": None}})

        assert [field.name for field in email.missing] == ["profile.first_name"]
        assert "None" not in email.html

    @pytest.mark.parametrize(
        "content",
        [
            "{{ profile.nick | default('there') }}",
            "{% if profile.nick %}{{ profile.nick }}{% endif %}",
            "{{ 'x' if profile.nick is defined }}",
            "{% if profile.nick == 'Bo' %}x{% endif %}",
            "{{ cart.products[3].title | default('nothing') }}",
            "{{ nobody.knows.this | default('') }}",
        ],
    )
    def test_asking_whether_something_is_there_is_no_lack(self, content: str) -> None:
        assert rendered(mail(words(content))).missing == ()

    def test_a_missing_object_has_no_fields_of_its_own(self) -> None:
        email = rendered(mail(words("{{ order.place }}{{ order.note }}{{ order._name }}")))

        assert [field.name for field in email.missing] == [
            *("order.place", "order.note", "order._name"),
        ]

    @pytest.mark.parametrize(
        "content",
        [
            *("{{ x.y | upper }}", "{{ x.y ~ '!' }}", "{{ x.y + 1 }}", "{{ 1 + x.y }}"),
            *("{{ x.y * 2 }}", "{{ x.y | float }}", "{{ '%.2f' | format(x.y) }}"),
            *("{{ '%.2f' % x.y }}", "{{ x.y | round(2) }}", "{{ x.y | money }}"),
            *("{{ x.y | date }}", "{{ x.y | time }}", "{{ x.y | utm }}", "{{ x.y | join }}"),
            *("{% for a in x.y %}b{% endfor %}", "{% if x.y > 3 %}b{% endif %}"),
            *("{{ x.y | length }}", "{{ -x.y }}", "{{ x.y.z.a }}", "{{ x['y'] }}"),
        ],
    )
    def test_using_it_in_any_way_is_noted_and_makes_no_number_of_nothing(
        self, content: str
    ) -> None:
        email = rendered(mail(words(content)))

        assert [field.name.removesuffix(".z.a") for field in email.missing] == ["x.y"]
        assert "0" not in email.text

    def test_a_field_in_a_partial_names_the_partial(self) -> None:
        partials = {"partials/hello.mjml": "\n\n{{ item.title }}"}
        template = mail(words('{% include "partials/hello.mjml" %}'), partials=partials)

        email = rendered(template)

        expected = MissingField(name="item.title", file="partials/hello.mjml", line=3)
        assert email.missing == (expected,)

    def test_a_field_in_the_subject_names_the_line_of_the_settings(self) -> None:
        template = template_of("mail", words("x"), "stage: loyalty\nsubject: '{{ a.b }}'\n", {})

        email = rendered(template)

        assert email.missing == (MissingField(name="a.b", file="mail.yaml", line=2),)


class TestRequiredFields:
    @pytest.mark.parametrize("products", [None, [], ""])
    def test_without_them_there_is_no_email(self, products: object) -> None:
        template = mail(words("x"), requires=("cart.products", "profile.first_name"))

        refusal = refused(template, {**GRETA, "cart": {"products": products}})

        assert refusal.reason is Refusal.REQUIRED
        assert refusal.message == "cart.products is required, and this person has none"
        assert [field.name for field in refusal.missing] == ["cart.products"]

    def test_zero_and_no_are_values(self) -> None:
        template = mail(words("x"), requires=("cart.total", "profile.vip"))

        assert rendered(template, {"cart": {"total": 0}, "profile": {"vip": False}})

    def test_a_template_can_require_in_the_middle(self) -> None:
        template = mail(words("{% if cart %}{{ require(cart.products) }}{% endif %}x"))

        assert rendered(template, {})
        assert refused(template, {"cart": {"url": "x"}}).message == (
            "cart.products is required, and this person has none"
        )


class TestData:
    def test_a_field_may_be_called_like_a_method(self) -> None:
        template = mail(words("{% for item in cart.items %}[{{ item }}]{% endfor %}"))

        email = rendered(template, {"cart": {"items": ["a", "b"]}})

        assert "[a][b]" in email.text

    def test_methods_of_dictionaries_end_in_a_hint(self) -> None:
        refusal = refused(mail(words("{% for a in profile.items() %}{% endfor %}")))

        assert "| items" in refusal.message

    def test_a_list_is_written_with_commas_and_an_object_is_refused(self) -> None:
        template = mail(words("{{ profile.v }}"))

        assert "a, b" in rendered(template, {"profile": {"v": ["a", "b"]}}).text
        assert "name one of its fields" in refused(template, {"profile": {"v": {"a": 1}}}).message

    def test_what_comes_from_outside_is_escaped_once(self) -> None:
        template = mail(words("{{ profile.v }}"), subject="{{ profile.v }}")

        email = rendered(template, {"profile": {"v": "<b>Tom & Jerry</b>"}})

        assert "&lt;b&gt;Tom &amp; Jerry&lt;/b&gt;" in email.html
        assert email.subject == "<b>Tom & Jerry</b>"
        assert "<b>Tom & Jerry</b>" in email.text

    def test_the_size_is_that_of_the_bytes(self) -> None:
        email = rendered(mail(words("äöü")))

        assert email.html_bytes == len(email.html.encode())

    def test_subject_and_preheader_are_given_to_the_body(self) -> None:
        source = (
            "<mjml><mj-head><mj-title>{{ subject }}|{{ preheader }}</mj-title></mj-head></mjml>"
        )

        email = rendered(mail(source, subject="A {{ 1 + 1 }}", preheader="B"))

        assert "<title>A 2|B</title>" in email.html


class TestFaults:
    @pytest.mark.parametrize(
        ("source", "message"),
        [
            (words("\n{{ 1 / 0 }}"), "mail.mjml:2: a division by zero"),
            (words("\n\n{% if %}"), "mail.mjml:3: this is no Jinja: Expected an expression"),
            (words("{{ 'a' + 1 }}"), "mail.mjml:1: "),
            (words("{% include 'partials/foter.mjml' %}"), "did you mean 'partials/footer.mjml'?"),
            (words("{{ 1 | monney }}"), "mail.mjml:1: this is no Jinja: No filter named 'monney'"),
            (words("\n<b>x"), "mail.mjml:2: error: </mj-text> stands where </b> is due"),
            (words("\na < b"), "mail.mjml:2: error: a bare < begins no tag"),
            ("hello", "the MJML cannot be read"),
        ],
    )
    def test_a_fault_is_told_with_its_line(self, source: str, message: str) -> None:
        refusal = refused(mail(source, partials={"partials/footer.mjml": ""}))

        assert message in refusal.message

    def test_a_fault_in_a_partial_names_the_partial(self) -> None:
        partials = {"partials/a.mjml": "\n{{ 'a' + 1 }}"}

        refusal = refused(mail(words("{% include 'partials/a.mjml' %}"), partials=partials))

        assert (refusal.file, refusal.line) == ("partials/a.mjml", 2)

    def test_markup_that_breaks_for_one_person_only_is_found_in_what_was_filled_in(self) -> None:
        template = mail(words("{{ profile.v | safe }}"))

        assert rendered(template, {"profile": {"v": "<b>x</b>"}})
        refusal = refused(template, {"profile": {"v": "<b>x"}})
        assert refusal.reason is Refusal.MARKUP
        assert "the filled-in MJML:1" in refusal.message


class TestFilters:
    @pytest.mark.parametrize(
        ("expression", "shown"),
        [
            ("1234.5 | money", "€1,234.50"),
            ("1234.5 | money('USD')", "$1,234.50"),
            ("'19.9' | money('GBP')", "£19.90"),
            ("-3 | money", "-€3.00"),
            ("1200 | money('JPY')", "¥1,200"),
            ("1234.5 | money(locale='de')", "1.234,50\xa0€"),
            ("0.125 | money", "€0.13"),
        ],
    )
    def test_money_is_written_for_the_reader(self, expression: str, shown: str) -> None:
        source = mail("<mjml></mjml>", subject="[{{ " + expression + " }}]")

        assert rendered(source).subject == " ".join(f"[{shown}]".split())

    @pytest.mark.parametrize(
        ("expression", "shown"),
        [
            ("'2026-07-01T22:30:00Z' | date", "2 July 2026"),
            ("'2026-07-01T22:30:00Z' | time", "00:30"),
            ("'2026-07-01T22:30:00Z' | date(zone='America/New_York')", "1 July 2026"),
            ("'2026-07-01T22:30:00.123456Z' | date('%d.%m.')", "2.07."),
            ("'2026-07-01' | date('short')", "01/07/2026"),
            ("'2026-07-01' | date(locale='de')", "1. Juli 2026"),
            ("'2026-07-01' | date(locale='en-US')", "July 1, 2026"),
            ("'2026-07-01' | date(locale='xx-none')", "1 July 2026"),
        ],
    )
    def test_times_are_written_where_the_reader_lives(self, expression: str, shown: str) -> None:
        source = mail("<mjml></mjml>", subject="{{ " + expression + " }}")

        assert rendered(source).subject == shown

    def test_the_zone_is_the_profiles_then_the_campaigns_then_utc(self) -> None:
        template = mail("<mjml></mjml>", subject="{{ '2026-01-01T12:00:00Z' | time }}")
        tokyo, lima = {"timezone": "Asia/Tokyo"}, {"timezone": "America/Lima"}

        assert rendered(template, {"profile": tokyo, "campaign": lima}).subject == "21:00"
        assert rendered(template, {"profile": {}, "campaign": lima}).subject == "07:00"
        assert rendered(template, {}).subject == "12:00"

    @pytest.mark.parametrize(
        ("address", "expected"),
        [
            ("https://x.example/a", "https://x.example/a?utm_source=email&utm_medium=email"),
            (
                "https://x.example/a?b=1&utm_source=web#c",
                "https://x.example/a?b=1&utm_source=email&utm_medium=email",
            ),
            ("mailto:a@x.example", "mailto:a@x.example"),
        ],
    )
    def test_utm_tells_the_campaign_in_an_address(self, address: str, expected: str) -> None:
        template = mail(
            body("<mj-button href=\"{{ profile.v | utm(content='top') }}\">x</mj-button>")
        )

        email = rendered(template, {"profile": {"v": address}, "campaign": {"name": "Cart & co"}})

        (link,) = Page(email.html).all("a", "href")
        assert link is not None
        assert link.startswith(expected)
        if address.startswith("https"):
            assert "utm_campaign=Cart+%26+co" in link
            assert "utm_content=top" in link
            assert link.count("utm_source") == 1

    @pytest.mark.parametrize(
        "expression",
        [
            *("'much' | money", "1 | money('euro')", "'yesterday' | date", "1e400 | money"),
            *("'2026-01-01T00:00:00Z' | date(zone='Mars/Base')", "'https://x' | utm(sauce='a')"),
        ],
    )
    def test_what_cannot_be_written_is_refused_in_a_sentence(self, expression: str) -> None:
        refusal = refused(mail(words("{{ " + expression + " }}")))

        assert refusal.reason is Refusal.TEMPLATE
        assert refusal.message.startswith("mail.mjml:1: ")
        assert MARK not in refusal.message


class TestNamesOfMissingFields:
    CART: ClassVar[dict[str, JsonValue]] = {
        "products": [{"product_id": "a", "brand": {}}, {"product_id": "b", "title": "Boot"}]
    }

    @pytest.mark.parametrize(
        ("content", "name", "written"),
        [
            ("{% for item in cart.products %}{{ item.title }}{% endfor %}", "title", "item.title"),
            (
                "{% for item in cart.products[:1] | sort(attribute='product_id') %}"
                "{{ item.brand.name }}{% endfor %}",
                *("brand.name", "item.brand.name"),
            ),
            (
                "{% for item in cart.products %}{% include 'partials/card.mjml' %}{% endfor %}",
                *("title", "product.title"),
            ),
            (
                "{% macro card(one) %}{{ one.title }}{% endmacro %}{{ card(cart.products[0]) }}",
                *("title", "one.title"),
            ),
            (
                "{% set first = cart.products | first %}{% set said = first.title %}{{ said }}",
                *("title", "first.title"),
            ),
        ],
    )
    def test_a_field_of_a_lists_members_is_named_by_its_list(
        self, content: str, name: str, written: str
    ) -> None:
        card = "{% set product = item %}{{ product.title }}"
        template = replace(mail(words(content)), partials={"partials/card.mjml": card})

        email = rendered(template, {"cart": self.CART})

        assert {(field.name, field.written) for field in email.missing} == {
            (f"cart.products[].{name}", written)
        }

    def test_a_list_in_a_list_is_named_through_both(self) -> None:
        content = (
            "{% for order in orders %}{% for p in order.products %}{{ p.title }}"
            "{% endfor %}{% endfor %}"
        )

        email = rendered(mail(words(content)), {"orders": [self.CART, self.CART]})

        assert [field.name for field in email.missing] == ["orders[].products[].title"]

    def test_a_member_that_the_template_names_itself_keeps_its_number(self) -> None:
        email = rendered(
            mail(words("{{ viewed[0].title }} {{ cart.products[0].title }}")),
            {"cart": self.CART, "viewed": []},
        )

        assert [(field.name, field.written) for field in email.missing] == [
            ("viewed[0].title", ""),
            ("cart.products[0].title", ""),
        ]

    def test_a_missing_number_is_named_by_its_list_too(self) -> None:
        content = "{% for item in cart.products %}{{ range(item.price) }}{% endfor %}"

        refusal = refused(mail(words(content)), {"cart": self.CART})

        assert "cart.products[].price is missing where a number is needed" in refusal.message


class TestTheCompanysLanguageAndMoney:
    COMPANY: ClassVar[dict[str, JsonValue]] = {"currency": "CHF", "language": "de-CH"}

    def test_they_are_for_amounts_and_people_that_name_none(self) -> None:
        content = "{{ 1234.5 | money }}, {{ '2026-08-03' | date }}"

        email = rendered(mail(words(content)), {"company": self.COMPANY})

        assert "CHF\xa01’234.50, 3. August 2026" in Page(email.html).text

    def test_what_is_named_goes_before_them(self) -> None:
        content = "{{ 1234.5 | money('GBP') }}"

        email = rendered(
            mail(words(content)), {"company": self.COMPANY, "profile": {"language": "en"}}
        )

        assert "£1,234.50" in Page(email.html).text


def test_an_email_asks_no_server_for_fonts_unless_it_names_one() -> None:
    font = '<mj-font name="Lora" href="https://fonts.example/lora.css" />'
    named = f'<mj-head>{font}<mj-attributes><mj-all font-family="Lora, serif" /></mj-attributes>'
    plain = words("Hello")

    alone = rendered(mail(plain)).html
    with_font = rendered(mail(plain.replace("<mjml>", f"<mjml>{named}</mj-head>"))).html

    assert "fonts." not in alone
    assert "https://fonts.example/lora.css" in with_font
