"""Everything that guardian can do to the world. Effects are goals still missing, planned from evidence.

Every effect has a counted `id`; its report comes back as `EffectReported(effect_id=id)`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from guardian.core.frozen import dataclass
from guardian.core.model import Level


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell people. `key` is stable per rule and episode, `notification` says trigger or resolve.

    `would` is true when guardian only observes: the message must say "would have".
    """

    id: str
    account: str
    key: str
    notification: Literal["trigger", "resolve"]
    level: Level
    title: str
    lines: tuple[str, ...]
    would: bool = False
    kind: Literal["notify"] = "notify"


@dataclass(frozen=True, slots=True)
class SetPermit:
    """What the bot may do from now on; `size_cap` is the fraction of normal size for new risk.

    In `symbols` it may only reduce, whatever the mode says.
    """

    id: str
    account: str
    mode: Literal["normal", "reduce_only", "halt"]
    size_cap: float
    symbols: tuple[str, ...] = ()
    kind: Literal["permit"] = "permit"


@dataclass(frozen=True, slots=True)
class PrepareKeys:
    """CAUTION: prove that the keys for acting can be fetched; fetch the hands key at HALT and above."""

    id: str
    account: str
    hold: bool
    kind: Literal["prepare_keys"] = "prepare_keys"


@dataclass(frozen=True, slots=True)
class ReadNow:
    """Ask for a fresh snapshot without waiting for the timer."""

    id: str
    account: str
    kind: Literal["read_now"] = "read_now"


@dataclass(frozen=True, slots=True)
class HaltBot:
    """Ask (`force` false) or force a bot to stop."""

    id: str
    account: str
    target: str
    force: bool
    kind: Literal["halt_bot"] = "halt_bot"


@dataclass(frozen=True, slots=True)
class ListKeys:
    id: str
    account: str
    kind: Literal["list_keys"] = "list_keys"


@dataclass(frozen=True, slots=True)
class FenceKey:
    """Make a bot key read-only, reversibly. Never freezes the sub-account."""

    id: str
    account: str
    key_id: str
    kind: Literal["fence_key"] = "fence_key"


@dataclass(frozen=True, slots=True)
class UnfenceKey:
    """Restore the permissions that the fence recorded. Only an operator's resume causes it."""

    id: str
    account: str
    key_id: str
    facts: tuple[tuple[str, str], ...]
    kind: Literal["unfence_key"] = "unfence_key"


@dataclass(frozen=True, slots=True)
class DeleteKey:
    id: str
    account: str
    key_id: str
    kind: Literal["delete_key"] = "delete_key"


@dataclass(frozen=True, slots=True)
class DestroySecret:
    id: str
    account: str
    ref: str
    kind: Literal["destroy_secret"] = "destroy_secret"


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Cancel one order by id, never a whole book."""

    id: str
    account: str
    symbol: str
    order_id: str
    conditional: bool
    kind: Literal["cancel_order"] = "cancel_order"


@dataclass(frozen=True, slots=True)
class CloseOrder:
    """One reduce-only order. `side` is +1 buy, -1 sell. `quantity` None closes whatever the leg still has.

    `price` caps an immediate-or-cancel order; None is a market order. `client_id` begins with "gdn-" and is
    reused as long as the outcome of the last try is unknown, so that the venue refuses the duplicate.
    """

    client_id: str
    symbol: str
    index: int
    side: int
    quantity: Decimal | None
    price: Decimal | None


@dataclass(frozen=True, slots=True)
class ClosePosition:
    """Close or reduce one leg."""

    id: str
    account: str
    order: CloseOrder
    kind: Literal["close_position"] = "close_position"


@dataclass(frozen=True, slots=True)
class ResolveOrder:
    """Ask the venue what became of an order whose answer was lost, by its client id."""

    id: str
    account: str
    symbol: str
    client_id: str
    kind: Literal["resolve_order"] = "resolve_order"


Effect = (
    Notify
    | SetPermit
    | PrepareKeys
    | ReadNow
    | HaltBot
    | ListKeys
    | FenceKey
    | UnfenceKey
    | DeleteKey
    | DestroySecret
    | CancelOrder
    | ClosePosition
    | ResolveOrder
)


def base36(number: int) -> str:
    """How incidents, legs and attempts are written in ids."""
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    out = ""
    while number:
        number, rest = divmod(number, 36)
        out = digits[rest] + out
    return out or "0"
