"""Bybit v5 REST over one world. What is not faithful is listed in docs/venue.md."""

from guardian.sim.faces.bybit.venue import BybitVenue
from guardian.sim.faces.options import VenueOptions

__all__ = ["BybitVenue", "VenueOptions"]
