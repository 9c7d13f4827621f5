"""Where numbers of the trading stack are read: one file a kind of source."""

from __future__ import annotations

from guardian.config.shapes import PrometheusConfig
from guardian.ports import SecretStore
from guardian.sources.answer import Reading, Readings, Silence
from guardian.sources.prometheus import PrometheusSource

__all__ = ["PrometheusSource", "Reading", "Readings", "Silence", "open_source"]


def open_source(config: PrometheusConfig, secrets: SecretStore) -> PrometheusSource:
    """The source of one `sources:` entry, ready to be asked."""
    return PrometheusSource(config, secrets)
