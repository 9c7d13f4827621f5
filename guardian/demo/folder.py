"""The run folder: keys in files of mode 0600, guardian.yaml, alerts.yaml; written before anybody starts."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guardian.errors import GuardianError

ACCOUNT = "demo"
MARKER = ".guardian-demo"

_GUARDIAN = """\
# Written by `guardian demo`. Keys are references to files, never secrets.
instance: demo
state_dir: state
rules: [demo, ats-plan]
routes: alerts.yaml
accounts:
  - name: {account}
    venue: bybit
    url: {url}
    currency: USDT
    keys:
      watch: file:keys/watch.json
      hands: file:keys/hands.json
      admin: file:keys/admin.json
      hold: incident
    bot:
      keys: ["{bot_key}"]
      secret_ref: file:keys/bot.json
      order_prefix: [bot-, ft-]
    halt:
      - process: {{pidfile: bot.pid, grace: 10s}}
"""

_ALERTS = """\
# Written by `guardian demo`: both channels end at local receivers that check the real wire formats.
channels:
  ops: {{slack: {{url: file:keys/slack}}}}
  page: {{pagerduty: {{routing_key: file:keys/pagerduty, base_url: {pagerduty}}}}}
routes:
  - {{level: caution, to: [ops]}}
  - {{level: halt, to: [ops, page]}}
"""


@dataclass(frozen=True, slots=True)
class Folder:
    """Where everything of one run lies; all paths are absolute."""

    root: Path

    @property
    def config(self) -> Path:
        return self.root / "guardian.yaml"

    @property
    def pidfile(self) -> Path:
        return self.root / "bot.pid"

    @property
    def socket(self) -> Path:
        return self.root / "state" / "control.sock"

    def key(self, name: str) -> Path:
        return self.root / "keys" / name

    def log(self, name: str) -> Path:
        return self.root / "logs" / name


def fresh(root: Path) -> Folder:
    """An empty run folder at `root`; an earlier run's is removed, anything else's is refused.

    Raises GuardianError when `root` holds something that a demo did not write.
    """
    root = root.absolute()
    if root.exists() and any(root.iterdir()):
        if not (root / MARKER).exists():
            raise GuardianError(f"{root} is not a folder of an earlier demo; choose another with --out")
        shutil.rmtree(root)
    for part in (root, root / "keys", root / "logs"):
        part.mkdir(parents=True, exist_ok=True)
    (root / "keys").chmod(0o700)
    (root / MARKER).touch()
    return Folder(root)


def write_keys(folder: Folder, account: Mapping[str, Any]) -> None:
    """The venue's four key pairs; only the bot reads bot.json, guardian destroys it at LOCKOUT."""
    for role in ("watch", "hands", "admin", "bot"):
        pair = {"key": account[role]["key"], "secret": account[role]["secret"]}
        write_secret(folder.key(f"{role}.json"), json.dumps(pair))


def write_config(folder: Folder, url: str, bot_key: str, pagerduty: str) -> None:
    """guardian.yaml and alerts.yaml; `bot_key` is the public id of the bot's key."""
    folder.config.write_text(_GUARDIAN.format(account=ACCOUNT, url=url, bot_key=bot_key))
    (folder.root / "alerts.yaml").write_text(_ALERTS.format(pagerduty=pagerduty))


def forget_keys(folder: Folder) -> None:
    """Remove what is left of the key files; the account that they opened ends with the venue."""
    for file in (folder.root / "keys").iterdir():
        file.unlink()


def write_secret(file: Path, text: str) -> None:
    """Mode 0600 from its first byte: there is no moment at which another user could read it."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
