"""Who shops: invented customers, and what kind of customer each one is."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sample_shop import CATEGORY_WHEEL, DAYS, FIRST_DAY, Wheel


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How one kind of customer shops: interests per 90 days and the chances within a visit."""

    share: float
    interests: float
    returns: float
    adds: float
    checks_out: float
    pays: float
    resumes: float
    opens: float
    bargain: float = 1.0
    tells: float = 0.04


@dataclass(slots=True, kw_only=True)
class Person:
    """A customer, and what they did as (second, event, session, product, properties)."""

    number: int
    kind: Kind
    country: str
    language: str
    timezone: str
    first_name: str
    consent: bool
    has_email: bool
    signed_up_on: date
    tier: str
    favourite: str
    reads: float
    unsubscribed: bool
    offset: int
    holiday: range
    visits: int = 0
    carts: int = 0
    now: int = 0
    session: str = ""
    rows: list[tuple[int, str, str, str, dict[str, Any]]] = field(default_factory=list)

    def note(self, event: str, product: str = "", **properties: Any) -> None:
        """Record an event now; a page that was looked at lets its time pass."""
        self.rows.append((self.now, event, self.session, product, properties))
        self.now += properties.get("time_on_page", 0)


KINDS = {
    "sleeper": Kind(
        share=0.34,
        interests=0.95,
        returns=0.12,
        adds=0.06,
        checks_out=0.34,
        pays=0.6,
        resumes=0.1,
        opens=0.12,
    ),
    "window shopper": Kind(
        share=0.27,
        interests=3.8,
        returns=0.42,
        adds=0.08,
        checks_out=0.24,
        pays=0.55,
        resumes=0.12,
        opens=0.27,
    ),
    "bargain hunter": Kind(
        share=0.14,
        interests=3.3,
        returns=0.4,
        adds=0.23,
        checks_out=0.36,
        pays=0.58,
        resumes=0.2,
        opens=0.46,
        bargain=3.2,
    ),
    "occasional": Kind(
        share=0.16,
        interests=2.8,
        returns=0.36,
        adds=0.19,
        checks_out=0.47,
        pays=0.68,
        resumes=0.26,
        opens=0.31,
    ),
    "loyal": Kind(
        share=0.09,
        interests=6.8,
        returns=0.42,
        adds=0.25,
        checks_out=0.56,
        pays=0.76,
        resumes=0.36,
        opens=0.55,
        bargain=1.4,
        tells=0.22,
    ),
}
# Country: share, language, time zones with their shares, first names.
COUNTRIES: dict[str, tuple[float, str, dict[str, float], str]] = {
    "DE": (
        0.34,
        "de",
        {"Europe/Berlin": 1},
        "Anna Ben Clara David Emma Felix Greta Hannes Ida Jonas Katrin Leon Mia Nils Paula Tobias",
    ),
    "AT": (
        0.09,
        "de",
        {"Europe/Vienna": 1},
        "Barbara Florian Julia Lukas Magdalena Matthias Theresa Valentin",
    ),
    "CH": (0.06, "de", {"Europe/Zurich": 1}, "Aline Beat Corinne Luca Nadine Reto Seraina Urs"),
    "FR": (
        0.13,
        "fr",
        {"Europe/Paris": 1},
        "Amélie Bastien Chloé Émile Hugo Inès Léa Mathis Noémie Théo",
    ),
    "NL": (0.08, "nl", {"Europe/Amsterdam": 1}, "Anouk Bram Daan Fleur Jasper Lotte Sanne Thijs"),
    "ES": (
        0.08,
        "es",
        {"Europe/Madrid": 12, "Atlantic/Canary": 1},
        "Alba Diego Inés Javier Lucía Marcos Nuria Pablo",
    ),
    "IT": (
        0.07,
        "it",
        {"Europe/Rome": 1},
        "Alessia Chiara Davide Giulia Lorenzo Matteo Sara Simone",
    ),
    "GB": (0.07, "en", {"Europe/London": 1}, "Amelia Callum Ellie Harry Isla Jack Niamh Rhys"),
    "PT": (
        0.03,
        "pt",
        {"Europe/Lisbon": 15, "Atlantic/Azores": 1},
        "Beatriz Diogo Inês João Mariana Tiago",
    ),
    "FI": (0.02, "fi", {"Europe/Helsinki": 1}, "Aino Eero Helmi Jussi Oona Väinö"),
    "SE": (0.03, "sv", {"Europe/Stockholm": 1}, "Åsa Elsa Gustav Linnéa Oskar Saga"),
}
TIERS = Wheel({"none": 58, "bronze": 26, "silver": 12, "gold": 4})
KIND_WHEEL = Wheel({kind: KINDS[kind].share for kind in KINDS})
COUNTRY_WHEEL = Wheel({country: facts[0] for country, facts in COUNTRIES.items()})


def make_person(number: int, rng: np.random.Generator) -> Person:
    """Invent a customer."""
    country = COUNTRY_WHEEL.spin(rng)
    _, language, zones, names = COUNTRIES[country]
    zone = Wheel(zones).spin(rng)
    kind = KINDS[KIND_WHEEL.spin(rng)]
    away = int(rng.integers(-20, DAYS)) if rng.random() < 0.3 else -200
    return Person(
        number=number,
        kind=kind,
        country=country,
        language=language if rng.random() < 0.93 else "en",
        timezone=zone if rng.random() < 0.98 else "",
        first_name=str(rng.choice(names.split())),
        consent=bool(rng.random() < 0.79),
        has_email=bool(rng.random() < 0.99),
        signed_up_on=FIRST_DAY + timedelta(days=_signup_day(rng)),
        tier="gold" if kind.tells > 0.1 and rng.random() < 0.3 else TIERS.spin(rng),
        favourite=CATEGORY_WHEEL.spin(rng),
        reads=float(rng.random() ** 3),
        unsubscribed=bool(rng.random() < 0.035),
        offset=_offset(zone),
        holiday=range(away, away + int(rng.integers(14, 42))),
    )


def _signup_day(rng: np.random.Generator) -> int:
    """Most joined in the years before; about one in eight during the period."""
    return (
        int(rng.integers(0, DAYS)) if rng.random() < 0.12 else -int(1 + 1_400 * rng.random() ** 1.6)
    )


def _offset(zone: str) -> int:
    """Give the seconds ahead of UTC; no zone here changes its clocks in the period."""
    ahead = datetime(2026, 7, 15, tzinfo=ZoneInfo(zone)).utcoffset()
    assert ahead is not None
    return int(ahead.total_seconds())
