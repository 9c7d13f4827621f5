"""What to tick at a venue for each of guardian's keys.

Labels change now and then; what counts is what the venue says afterwards to `guardian keys audit`.
"""

from __future__ import annotations

GENERAL = {
    "watch": "read-only; no trading, no withdrawal, no transfer",
    "hands": "trading on the bot's account; no withdrawal, no transfer",
    "admin": "the least with which the venue lets a master key manage sub-account keys; no withdrawal",
}

TICKS = {
    "bybit": {
        "watch": "in the bot's sub-account: Read-Only; Contract: Orders, Positions",
        "hands": "in the bot's sub-account: Read-Write; Contract: Orders, Positions; nothing of Wallet",
        "admin": "in the master account: Read-Write; Wallet: Subaccount Transfer; nothing else, no Withdraw",
    }
}


def ticks(venue: str, role: str) -> str:
    return TICKS.get(venue, GENERAL)[role]
