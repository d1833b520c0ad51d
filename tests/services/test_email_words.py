"""What an e-mail speaks of, in words."""

import pytest

from core.domain.values import JsonValue
from core.rendering.emails import EmailTemplate
from core.services.email_words import field_words, reason_text, recommended_in

WHY: dict[str, JsonValue] = {"kind": "bought_together", "product_id": "p1", "title": "Boot"}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("cart.products[].title", "title of a product in the cart"),
        ("cart.products[0].title", "title of the first product in the cart"),
        ("cart.products[].brand.name", "brand.name of a product in the cart"),
        ("orders[].revenue", "revenue of an order"),
        ("orders[0].products[].title", "title of a product in an order"),
        ("orders[].products[].title", "title of a product in an order"),
        ("viewed[].image", "image of a product looked at"),
        ("recommendations[].price", "price of a recommended product"),
        ("profile.first_name", "profile.first_name"),
        ("profile.children[].name", "profile.children[].name"),
        ("cart.products[3].title", "cart.products[3].title"),
        ("cart.total", "cart.total"),
    ],
)
def test_a_field_is_said_in_words_where_there_are_better_ones(path: str, words: str) -> None:
    assert field_words(path) == words


@pytest.mark.parametrize(
    ("why", "text"),
    [
        (WHY, "often bought together with Boot"),
        ({"kind": "viewed_together", "product_id": "p1"}, "often looked at together with p1"),
        ({"kind": "popular"}, "popular with other customers"),
    ],
)
def test_the_reason_is_said_in_words(why: dict[str, JsonValue], text: str) -> None:
    assert reason_text(why) == text


def test_only_an_email_that_recommends_gives_reasons() -> None:
    context: dict[str, JsonValue] = {
        "recommendations": [{"product_id": "p2", "title": "Socks", "why": WHY}]
    }
    plain = EmailTemplate(name="mail", source="<mjml/>", subject="Hello")
    recommending = EmailTemplate(
        name="mail",
        source='{% include "partials/cards.mjml" %}',
        subject="Hello",
        partials={"partials/cards.mjml": "{% for p in recommendations %}{{ p.title }}{% endfor %}"},
    )

    assert recommended_in(plain, context) == []
    assert recommended_in(recommending, context) == [("Socks", "often bought together with Boot")]
    assert recommended_in(recommending, {"recommendations": []}) == []
