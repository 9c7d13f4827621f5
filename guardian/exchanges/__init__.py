"""The venues that guardian can watch and act on, by name. Everything about one venue is in its own folder."""

from __future__ import annotations

from difflib import get_close_matches

from guardian.errors import ConfigError
from guardian.exchanges.bybit import BYBIT
from guardian.exchanges.generic.venue import Endpoint, Heard, Venue
from guardian.exchanges.reach import endpoint_of

VENUES: dict[str, Venue] = {BYBIT.name: BYBIT}


def venue(name: str) -> Venue:
    """Raises ConfigError naming the nearest venue and all known ones."""
    found = VENUES.get(name)
    if found is None:
        nearest = get_close_matches(name.lower(), VENUES, n=1, cutoff=0.4)
        hint = f"; did you mean {nearest[0]}?" if nearest else ""
        raise ConfigError(f"unknown venue {name!r}{hint} (known: {', '.join(sorted(VENUES))})")
    return found


__all__ = ["VENUES", "Endpoint", "Heard", "Venue", "endpoint_of", "venue"]
