"""What an e-mail speaks of, in a marketer's words: missing fields, reasons of recommendations."""

import re
from collections.abc import Mapping

from core.domain.recommendations import WhyKind
from core.domain.values import JsonValue
from core.rendering.emails import Context, EmailTemplate
from core.services.email_findings import parts_of

_MEMBERS = {
    "cart.products": "product in the cart",
    "orders[].products": "product in an order",
    "orders": "order",
    "viewed": "product looked at",
    "recommendations": "recommended product",
}
_FIELD_OF_MEMBER = re.compile(r"(?P<list>.+)\[(?P<number>0?)\]\.(?P<field>[^\[\]]+)")


def field_words(path: str) -> str:
    """Say a field: `cart.products[].title` is the “title of a product in the cart”.

    A field for which there are no better words says itself.
    """
    found = _FIELD_OF_MEMBER.fullmatch(path)
    member = None if found is None else _MEMBERS.get(found["list"].replace("[0]", "[]"))
    if found is None or member is None:
        return path
    article = "the first" if found["number"] else "an" if member[0] in "aeiou" else "a"
    return f"{found['field']} of {article} {member}"


def recommended_in(template: EmailTemplate, context: Context) -> list[tuple[str, str]]:
    """List the products that an e-mail recommends to somebody, each with the reason in words."""
    recommended = context.get("recommendations")
    if not isinstance(recommended, list) or not _recommends(template):
        return []
    return [
        (str(one.get("title") or one.get("product_id")), reason_text(one["why"]))
        for one in recommended
        if isinstance(one, Mapping) and isinstance(one.get("why"), Mapping)
    ]


def _recommends(template: EmailTemplate) -> bool:
    return any("recommendations" in source for source in parts_of(template).values())


def reason_text(why: Mapping[str, JsonValue]) -> str:
    """Say in words why a product is recommended, from the `why` of a context's recommendation."""
    other = why.get("title") or why.get("product_id")
    match WhyKind(str(why["kind"])):
        case WhyKind.BOUGHT_TOGETHER:
            return f"often bought together with {other}"
        case WhyKind.VIEWED_TOGETHER:
            return f"often looked at together with {other}"
        case WhyKind.POPULAR:
            return "popular with other customers"
