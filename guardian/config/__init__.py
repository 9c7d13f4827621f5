"""YAML -> frozen values. Every error names file, line, field, the nearest valid name, and a fix."""

from guardian.config.load import load_config
from guardian.config.packs import load_packs
from guardian.config.shapes import (
    AccountConfig,
    BotConfig,
    ChannelConfig,
    CompareConfig,
    Config,
    ConfigError,
    Finding,
    FlattenConfig,
    KeyRefs,
    Pack,
    PollConfig,
    ProcessHalt,
    Route,
    Routes,
    VaultConfig,
    WebhookHalt,
)

__all__ = [
    "AccountConfig",
    "BotConfig",
    "ChannelConfig",
    "CompareConfig",
    "Config",
    "ConfigError",
    "Finding",
    "FlattenConfig",
    "KeyRefs",
    "Pack",
    "PollConfig",
    "ProcessHalt",
    "Route",
    "Routes",
    "VaultConfig",
    "WebhookHalt",
    "load_config",
    "load_packs",
]
