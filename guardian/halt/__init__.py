"""Stopping bots: one file a way. Whatever a bot answers, only the venue's next snapshot is a fact."""

from __future__ import annotations

from guardian.config.shapes import ProcessHalt, WebhookHalt
from guardian.halt.process import ProcessControl
from guardian.halt.webhook import WebhookControl
from guardian.ports import SecretStore

__all__ = ["ProcessControl", "WebhookControl", "open_halt"]


def open_halt(config: ProcessHalt | WebhookHalt, secrets: SecretStore) -> ProcessControl | WebhookControl:
    """The control for one `halt:` entry, ready to use. Raises ConfigError for a URL that is none."""
    match config:
        case ProcessHalt():
            return ProcessControl(config)
        case WebhookHalt():
            return WebhookControl(config, secrets)
