"""The first guardian.yaml as text: strict, commented, observing. Values in, text out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./:~-]*")
# YAML reads these words as values, so they are quoted.
WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


@dataclass(frozen=True, slots=True)
class Draft:
    """The answers. References name keys; `bot_keys` are public ids."""

    venue: str
    account: str
    currency: str
    watch: str
    hands: str = ""
    admin: str = ""
    url: str = ""
    rules: str = "starter"
    bot_keys: tuple[str, ...] = ()

    @property
    def refs(self) -> dict[str, str]:
        """The configured roles and their references."""
        held = {"watch": self.watch, "hands": self.hands, "admin": self.admin}
        return {role: ref for role, ref in held.items() if ref}


def scalar(text: str) -> str:
    """As YAML reads it back: bare where that is safe, else in quotes."""
    bare = PLAIN.fullmatch(text) and text.lower() not in WORDS and not text.endswith(":")
    return text if bare else json.dumps(text, ensure_ascii=False)


def render(draft: Draft) -> str:
    return "\n".join([*_head(draft), *_account(draft), *_tail(), ""])


def _head(draft: Draft) -> list[str]:
    return [
        "# guardian watches this account and says what it would do. It acts on nothing before",
        f"# `guardian arm {draft.account}`, and then only by rules whose mode is armed.",
        "# Unknown fields are errors: `guardian check` names each with its line.",
        "",
        "instance: desk-1              # this guardian's name in notifications",
        "state_dir: state              # journal, control socket, lock, permits",
        f"rules: [{scalar(draft.rules)}]    # a shipped pack's name, or the path of your own folder",
        "# routes: alerts/routes.yaml  # who is told; without it nobody is. Try it: guardian alerts test",
        "",
        "accounts:",
    ]


def _account(draft: Draft) -> list[str]:
    return [
        f"  - name: {scalar(draft.account)}",
        f"    venue: {scalar(draft.venue)}",
        *([f"    url: {scalar(draft.url)}  # not the venue itself"] if draft.url else []),
        f"    currency: {scalar(draft.currency)}",
        "    keys:                     # references, never keys: file:PATH (mode 0600) or env:NAME",
        f"      watch: {scalar(draft.watch)}  # reads",
        _key("hands", draft.hands, "cancels and closes; without it guardian only observes"),
        _key("admin", draft.admin, "fences and deletes the bot's keys"),
        *_bot(draft.bot_keys),
        "    # halt:                   # how the bot is asked to stop",
        "    #   - process: {pidfile: bot.pid, grace: 10s}",
    ]


def _key(role: str, ref: str, does: str) -> str:
    if ref:
        return f"      {role}: {scalar(ref)}  # {does}"
    return f"      # {role}: file:keys/{role}.json  # {does}"


def _bot(keys: tuple[str, ...]) -> list[str]:
    if not keys:
        return ["    # bot: {keys: [PUBLIC-ID]}  # left out: every trading key but guardian's own"]
    listed = ", ".join(json.dumps(key) for key in keys)
    return ["    bot:", f"      keys: [{listed}]  # public ids, never secrets"]


def _tail() -> list[str]:
    return [
        "    flatten: {deadline: 60s, slippage: 0.02, spot: keep}",
        "    poll: {snapshot: 1s, flows: 10s, clock: 60s}",
        "",
        'sanity: {at: "06:00"}         # every part is looked at once a day, UTC; failures are told',
    ]
