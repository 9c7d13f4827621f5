"""What the venue remembers of every request: a bounded log, without secrets or signatures."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any


def iso(ms: int | None) -> str | None:
    """ISO 8601 UTC with milliseconds."""
    if ms is None:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


@dataclass(slots=True)
class Seen:
    """One request. `code` is what the venue really decided (None: it had no effect at all), `status` the
    HTTP status that went out (0: none), `fault` what was done to the answer. Times are ms."""

    number: int
    at: int
    method: str
    path: str
    key: str
    role: str
    fields: dict[str, Any]
    code: int | None = None
    status: int = 0
    effect_at: int | None = None
    fault: str | None = None

    def row(self) -> dict[str, Any]:
        return {
            "n": self.number,
            "at": iso(self.at),
            "path": self.path,
            "method": self.method,
            "key": self.key,
            "role": self.role,
            **self.fields,
            "code": self.code,
            "status": self.status,
            "effect_at": iso(self.effect_at),
            "fault": self.fault,
        }


@dataclass(slots=True)
class RequestLog:
    """The newest `size` requests, numbered from 1."""

    size: int
    rows: deque[Seen] = field(default_factory=deque)
    count: int = 0

    def add(self, seen: Seen) -> None:
        self.rows.append(seen)
        if len(self.rows) > self.size:
            self.rows.popleft()

    def next_number(self) -> int:
        self.count += 1
        return self.count

    def since(self, number: int) -> list[dict[str, Any]]:
        """Rows with a number above `number`, oldest first."""
        skipped = max(0, number - (self.rows[0].number - 1)) if self.rows else 0
        return [seen.row() for seen in islice(self.rows, skipped, None)]


def order_fields(params: Any) -> dict[str, Any]:
    """What a request says about orders, in the log's words; `orders` for a batch."""
    if not isinstance(params, dict):
        params = {}
    fields = _order(params)
    batch = params.get("request")
    if isinstance(batch, list):
        fields["orders"] = [_order(item) for item in batch if isinstance(item, dict)]
    return fields


def _order(params: dict[str, Any]) -> dict[str, Any]:
    return {
        "symbol": params.get("symbol"),
        "side": params.get("side"),
        "order_link_id": params.get("orderLinkId"),
        "order_id": params.get("orderId"),
        "reduce_only": params.get("reduceOnly"),
        "qty": params.get("qty"),
    }
