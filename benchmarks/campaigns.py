"""The campaigns that the figures are about: four triggers, and one flow."""

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

# Carts in the generated history, on the event names of `benchmarks.history`: what is waited for and
# asked about does happen there, so that every way through the flow is taken.
FLOW = Campaign.model_validate(
    {
        "name": "Cart recovery",
        "timezone": "Europe/Berlin",
        "trigger": {
            "kind": "absence",
            "start": {"event": "add"},
            "unless": {"event": "purchase"},
            "within": "1h",
        },
        "reentry": {"cooldown": "7d"},
        "holdout": 0.1,
        "goal": {"event": {"event": "purchase"}, "within": "7d"},
        "quiet_hours": {"from": "21:00", "to": "08:00"},
        "frequency_cap": {"max": 2, "per": "4d"},
        "steps": [
            {
                "id": "timing",
                "kind": "split",
                "variants": [
                    {"name": "at once", "weight": 1, "next": "reminder"},
                    {"name": "in the evening", "weight": 1, "next": "evening"},
                ],
            },
            {"id": "evening", "kind": "delay", "until": "18:00"},
            {"id": "reminder", "kind": "send", "template": "cart_recovery"},
            {
                "id": "came_back",
                "kind": "wait_for",
                "event": {"event": "view"},
                "timeout": "24h",
                "then": "time_to_think",
                "otherwise": "discount",
            },
            {"id": "time_to_think", "kind": "delay", "for": "4h"},
            {
                "id": "added_more",
                "kind": "branch",
                "cases": [{"if": {"did": {"event": "add"}}, "next": "done"}],
                "otherwise": "discount",
            },
            {"id": "discount", "kind": "send", "template": "cart_discount"},
            {"id": "three_days", "kind": "delay", "for": "3d"},
            {"id": "survey", "kind": "send", "template": "cart_survey"},
            {"id": "done", "kind": "exit"},
        ],
    }
)
