"""A canned answer of guardian, as `GET /v1/status` gives it in the middle of an incident."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

_STATUS: dict[str, Any] = {
    "instance": "demo",
    "at": "2026-01-01T00:00:22.000+00:00",
    "version": "0.1.0",
    "accounts": [
        {
            "name": "demo",
            "venue": "bybit",
            "level": "LOCKOUT",
            "armed": True,
            "disarmed_until": None,
            "can_act": True,
            "equity": 94_321.5,
            "nav": 0.943,
            "data_age_s": 0.4,
            "warming": False,
            "permit": {"trade": False, "mode": "halt", "size_cap": 0.0},
            "positions": [
                {
                    "symbol": "BTC/USDT:USDT",
                    "index": 0,
                    "quantity": 1.0,
                    "mark": 40_000.0,
                    "notional": 40_000.0,
                },
                {"symbol": "XRP/USDT:USDT", "index": 0, "quantity": -9e3, "mark": 1.5, "notional": -13_500.0},
            ],
            "orders": 3,
            "rules": [
                {
                    "id": "dd-1h",
                    "metric": "drawdown",
                    "verdict": "breached",
                    "value": 0.0567,
                    "bound": "known",
                    "why": "",
                    "limit": 0.05,
                    "level": "LOCKOUT",
                    "hold_s": 2.0,
                    "armed": True,
                    "worst": "LOCKOUT",
                },
                {
                    "id": "blind",
                    "metric": "data_age",
                    "verdict": "unknown",
                    "value": None,
                    "bound": "unknown",
                    "why": "no read yet",
                    "limit": 10.0,
                    "level": "HALT",
                    "hold_s": 0.0,
                    "armed": False,
                    "worst": "NORMAL",
                },
            ],
            "incident": {
                "id": "demo-1",
                "opened_at": "2026-01-01T00:00:12.000+00:00",
                "t0": "2026-01-01T00:00:20.000+00:00",
                "level": "LOCKOUT",
                "rule": "dd-1h",
                "steps": [
                    {
                        "at": "2026-01-01T00:00:20.010+00:00",
                        "step": "fence",
                        "target": "botkey",
                        "outcome": "done",
                        "code": "0",
                        "detail": "",
                        "took_ms": 21.0,
                    },
                    {
                        "at": "2026-01-01T00:00:20.011+00:00",
                        "step": "cancel",
                        "target": "BTC/USDT:USDT 17",
                        "outcome": "refused",
                        "code": "10006",
                        "detail": "too many visits",
                        "took_ms": 12.0,
                    },
                ],
                "fenced_at": "2026-01-01T00:00:20.031+00:00",
                "flat_at": None,
                "verified_flat_at": None,
                "key_dead_at": None,
                "bots_stopped_at": None,
            },
        }
    ],
    "journal": {"records": 40, "ok": True, "gap": None},
    "notifications": {"queued": 0, "sent": 2, "failed": 0},
}


@pytest.fixture
def status() -> dict[str, Any]:
    return deepcopy(_STATUS)
