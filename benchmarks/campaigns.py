"""The four campaigns that every figure is about."""

from core.domain.campaigns import Campaign

NAMES = ("Cart abandonment", "Four views of a product", "Seven quiet days", "View, then add")

_TRIGGERS: tuple[dict[str, object], ...] = (
    {
        "kind": "absence",
        "start": {"event": "add"},
        "unless": {"event": "purchase"},
        "within": "24h",
    },
    {
        "kind": "count",
        "match": {"event": "view"},
        "at_least": 4,
        "within": "48h",
        "key": "product_id",
    },
    {"kind": "inactivity", "for": "7d"},
    {"kind": "sequence", "steps": [{"event": "view"}, {"event": "add"}], "within": "24h"},
)

CAMPAIGNS = tuple(
    Campaign.model_validate({"name": name, "trigger": trigger, "reentry": {"cooldown": "7d"}})
    for name, trigger in zip(NAMES, _TRIGGERS, strict=True)
)
