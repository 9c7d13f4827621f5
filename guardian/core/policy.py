"""Policy: the part of the configuration that decisions about an account depend on. Shapes only."""

from __future__ import annotations

from guardian.core.frozen import dataclass


@dataclass(frozen=True, slots=True)
class HaltTarget:
    """A bot process or hook as the core knows it: its name and how long after the fence force is used."""

    name: str
    grace_seconds: float


@dataclass(frozen=True, slots=True)
class AccountPolicy:
    """Facts about an account that plans depend on. Public key ids only; secrets never enter the core.

    `bot_keys` empty means: every trading key on the account except `own_keys`. `hands_late`: the hands key is
    fetched from a vault at an incident only, so a vault that is sealed then leaves guardian without hands.
    `known_keys` may trade and are neither guardian's nor a bot's: the drill's canary.
    `keys_seconds` is how often the account's keys are listed; older journals listed them once a day.
    `fee` is what the venue takes of what is closed at market, a fraction; 0: nobody has said.
    """

    name: str
    venue: str
    currency: str
    has_hands: bool
    has_admin: bool
    own_keys: tuple[str, ...]
    bot_keys: tuple[str, ...]
    secret_ref: str
    order_prefixes: tuple[str, ...]
    halt_targets: tuple[HaltTarget, ...]
    flatten_deadline_seconds: float
    slippage: float
    snapshot_seconds: float
    hands_late: bool = False
    mandate: str = ""
    keys_seconds: float = 86_400.0
    known_keys: tuple[str, ...] = ()
    fee: float = 0.0
