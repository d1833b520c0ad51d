"""What is shown of e-mail addresses on screen."""

import pytest

from core.services.masking import masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ann <ann.b+x@shop.example>", "Ann <a…@shop.example>"),
        ("/sale?email=ann%40example.org&p=1", "/sale?email=a…%40example.org&p=1"),
        ("/sale?e=ann%2Bx%40example.org", "/sale?e=a…%40example.org"),
        ("2 @ 3, 40%40 off", "2 @ 3, 40%40 off"),
    ],
)
def test_addresses_are_hidden_also_as_they_stand_in_the_addresses_of_pages(
    text: str, shown: str
) -> None:
    assert masked(text) == shown
