"""A test that runs: a campaign launched in the sandbox, its people and what they did since."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import Engine

from core.domain.campaigns import Campaign
from core.domain.events import Event
from core.domain.experiments import Experiment, settings_of
from core.engine.assignment import bucket
from core.live.evaluator import GRACE
from core.services.campaigns import save_campaign
from core.services.experiments import draft_experiment, launch_experiment
from core.services.live_events import ingest, save_profiles
from core.services.live_launches import LaunchMode, launch
from core.services.live_ticks import tick

START = datetime(2026, 5, 1, tzinfo=UTC)
SALT = "timing"
CAMPAIGN: dict[str, Any] = {
    "name": "Welcome",
    "trigger": {"kind": "event", "match": {"event": "signup"}},
    "goal": {"event": {"event": "purchase"}, "within": "3d"},
    "exit_on_goal": False,
    "steps": [
        {
            "id": "timing",
            "kind": "split",
            "salt": SALT,
            "variants": [
                {"name": "at once", "weight": 1, "next": "hello"},
                {"name": "next day", "weight": 1, "next": "pause"},
            ],
        },
        {"id": "pause", "kind": "delay", "for": "24h", "next": "hello_later"},
        {"id": "hello_later", "kind": "send", "template": "welcome", "next": "last"},
        {"id": "hello", "kind": "send", "template": "welcome", "next": "last"},
        {
            "id": "last",
            "kind": "branch",
            "cases": [{"if": {"clicked": "hello"}, "next": "done"}],
            "otherwise": "second",
        },
        {"id": "second", "kind": "send", "template": "welcome_guide", "next": "done"},
        {"id": "done", "kind": "exit"},
    ],
}
SETTINGS: dict[str, Any] = {
    "name": "Welcome: at once or the next day",
    "campaign": "Welcome",
    "version": 1,
    "split": "timing",
    "variants": [{"name": "at once", "weight": 1}, {"name": "next day", "weight": 1}],
    "control": "at once",
    "primary": {"name": "purchase", "event": {"event": "purchase"}, "value": "total"},
    "secondary": [{"name": "second look", "event": {"event": "product_view"}}],
    "guardrails": [
        {"name": "unsubscribe", "event": {"event": "email_unsubscribed"}, "margin": 0.01}
    ],
    "window": "3d",
}


def launched(database: Engine, **changes: Any) -> Experiment:
    """Save and launch the campaign in the sandbox, and the test of its split with it.

    `changes` are of the test's settings; a holdout is the campaign's as well, `steps` only its.
    """
    steps = changes.pop("steps", CAMPAIGN["steps"])
    holdout = changes.get("holdout", 0.0)
    campaign = Campaign.model_validate({**CAMPAIGN, "holdout": holdout, "steps": steps})
    save_campaign(database, campaign, name=campaign.name, note="", saved_at=START)
    running = launch(database, campaign, launched_at=START, mode=LaunchMode.SANDBOX)
    settings = settings_of({**SETTINGS, **changes})
    draft_experiment(database, settings, by="Ada", at=START)
    return launch_experiment(database, settings.name, launch_id=running.id, by="Ada", at=START)


def variant_of(user_id: str) -> str:
    """Give the variant that somebody gets by the launched weights."""
    return "at once" if bucket(SALT, user_id) < 0.5 else "next day"


def people_come(
    database: Engine,
    count: int,
    rates: Mapping[str, float],
    *,
    days: int = 10,
    until_day: int | None = None,
    unsubscribing: Mapping[str, float] | None = None,
    seed: int = 1,
) -> datetime:
    """Let people sign up within some days and some of them buy, up to a day (default: 5 later).

    Gives the moment up to which all is decided.
    """
    draw = np.random.default_rng(seed)
    users = [f"u{number:05}" for number in range(count)]
    save_profiles(
        database, {user: {"email": f"{user}@example.org"} for user in users}, saved_at=START
    )
    events = []
    for number, user in enumerate(users):
        came_at = START + timedelta(days=days) * (number / count) + timedelta(seconds=1)
        variant = variant_of(user)
        chances = {
            "purchase": rates[variant],
            "product_view": 0.5,
            "email_opened": 0.6,
            "email_clicked": 0.2,
            "email_unsubscribed": (unsubscribing or {}).get(variant, 0.0),
        }
        events.append(_event(user, "signup", came_at))
        for name, chance in chances.items():
            if draw.random() < chance:
                later = came_at + timedelta(minutes=float(draw.uniform(30, 4000)))
                is_machine = name.startswith("email_o") and draw.random() < 0.5
                total = round(float(draw.lognormal(3, 0.5)), 2)
                events.append(_event(user, name, later, is_machine=is_machine, total=total))
    last_day = days + 5 if until_day is None else until_day
    for day in range(last_day):
        ends_at = START + timedelta(days=day + 1)
        of_day = [e for e in events if ends_at - timedelta(days=1) <= e.timestamp < ends_at]
        ingest(database, of_day, received_at=ends_at)
        tick(database, ends_at + timedelta(microseconds=GRACE))
    return START + timedelta(days=last_day)


def _event(user: str, name: str, at: datetime, **properties: Any) -> Event:
    return Event(
        event_id=f"{name}-{user}", user_id=user, event=name, timestamp=at, properties=properties
    )
