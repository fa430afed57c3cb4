"""Sample events of an imagined shop, so that a fresh installation has something to export."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from batch_exports.sources.event_files import RawBatch
from batch_exports.sources.event_store import EventStore
from batch_exports.sources.loading import LoadResult, load_batches

_NAMES = ("$pageview", "$pageleave", "$autocapture", "product viewed", "cart updated", "order placed", "signed up")
_WEIGHTS = (45, 20, 18, 9, 4, 2, 2)
_PATHS = ("/", "/pricing", "/docs", "/blog/new-arrivals", "/products/tea", "/products/cups", "/cart", "/checkout")
_BROWSERS = ("Chrome", "Safari", "Firefox", "Microsoft Edge")
_SYSTEMS = ("Windows", "Mac OS X", "iOS", "Android", "Linux")
_CITIES = (("Berlin", "DE"), ("São Paulo", "BR"), ("Zürich", "CH"), ("東京", "JP"), ("Austin", "US"))
_PEOPLE = 400
_HOUR = timedelta(hours=1)


def load_samples(
    store: EventStore, project_id: int, *, until: datetime, hours: int, per_hour: int, seed: int = 1
) -> LoadResult:
    """Load sample events through the path that files take; loading the same ones again adds none."""
    batches = sample_events(project_id, until=until, hours=hours, per_hour=per_hour, seed=seed)
    return load_batches(store, project_id, "samples", batches)


def sample_events(project_id: int, *, until: datetime, hours: int, per_hour: int, seed: int = 1) -> Iterator[RawBatch]:
    """Make the events of the `hours` before `until`, an hour per batch, the same for the same arguments."""
    for number in range(hours):
        start = until - (hours - number) * _HOUR
        chance = random.Random(f"{project_id} {seed} {start.isoformat()}")  # noqa: S311  # no secrets are drawn
        rows = [_event(chance, start + _HOUR * ((index + chance.random()) / per_hour)) for index in range(per_hour)]
        columns = {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
        yield RawBatch(numbers=range(1, per_hour + 1), columns=columns)


def _event(chance: random.Random, at: datetime) -> dict[str, Any]:
    name = chance.choices(_NAMES, _WEIGHTS)[0]
    person = chance.randrange(_PEOPLE)
    return {
        "uuid": str(_uuid7(chance, at)),
        "event": name,
        "distinct_id": f"shopper-{person}",
        "person_id": str(UUID(int=(0x5A17 << 112) | person, version=4)),
        "properties": _properties(chance, name),
        "person_properties": {"email": f"shopper{person}@example.com", "plan": ("free", "plus", "pro")[person % 3]},
        "elements_chain": _elements_chain(chance) if name == "$autocapture" else "",
        "timestamp": at.isoformat(),
    }


def _properties(chance: random.Random, name: str) -> dict[str, Any]:
    city, country = chance.choice(_CITIES)
    path = chance.choice(_PATHS)
    properties: dict[str, Any] = {
        "$current_url": f"https://shop.example.com{path}",
        "$pathname": path,
        "$browser": chance.choice(_BROWSERS),
        "$os": chance.choice(_SYSTEMS),
        "$screen_width": chance.choice((390, 1280, 1440, 1920)),
        "$geoip_city_name": city,
        "$geoip_country_code": country,
        "$session_id": f"{chance.getrandbits(64):016x}",
    }
    if name == "order placed":
        properties |= {"revenue": round(chance.uniform(5, 250), 2), "currency": "EUR", "items": chance.randint(1, 6)}
    return properties


def _elements_chain(chance: random.Random) -> str:
    return f'button.primary:text="Buy now"nth-child="{chance.randint(1, 4)}";div.card;body'


def _uuid7(chance: random.Random, at: datetime) -> UUID:
    milliseconds = int(at.timestamp() * 1000)
    random_bits = chance.getrandbits(74)
    high, low = random_bits >> 62, random_bits & ((1 << 62) - 1)
    return UUID(int=(milliseconds << 80) | (7 << 76) | (high << 64) | (2 << 62) | low)
