"""Instruments: the catalogue of linear USDT perpetuals that a world can list, and inverse ones made of them.

Prices are those of 2021-05-18, the evening before the crash that the demo re-plays; betas are rough
sensitivities to bitcoin that the seeding uses to give every account the same net risk.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A perpetual. Linear: one base unit a contract, settled in `quote`. Inverse: one USD a contract, settled
    in `base`, so that quantities count dollars and a long gains q * (1/entry - 1/mark) coins.

    `level_notional` is the depth in dollars of each level of its synthetic book; `protection` is how far
    a market order may walk, `band` how far past the mark an aggressive limit price may be (fractions).
    """

    symbol: str
    base: str
    tick: Decimal
    step: Decimal
    min_qty: Decimal
    max_limit_qty: Decimal
    max_market_qty: Decimal
    start_price: Decimal
    beta: float
    level_notional: Decimal
    min_notional: Decimal = Decimal(5)
    maintenance_rate: Decimal = Decimal("0.01")
    max_leverage: Decimal = Decimal(50)
    protection: Decimal = Decimal("0.03")
    band: Decimal = Decimal("0.1")
    quote: str = "USDT"
    inverse: bool = False

    @property
    def settle(self) -> str:
        """The coin of its margin, gains and fees."""
        return self.base if self.inverse else self.quote

    def value(self, qty: Decimal, price: Decimal) -> Decimal:
        """What `qty` is worth, in the settle coin."""
        return qty / price if self.inverse else qty * price

    def notional(self, qty: Decimal, price: Decimal) -> Decimal:
        """What `qty` is worth, in dollars."""
        return qty if self.inverse else qty * price

    def qty_of(self, notional: Decimal, price: Decimal) -> Decimal:
        """How much that many dollars buy."""
        return notional if self.inverse else notional / price

    def gain(self, qty: Decimal, entry: Decimal, price: Decimal) -> Decimal:
        """What a signed `qty` has gained from `entry` to `price`, in the settle coin."""
        return qty / entry - qty / price if self.inverse else qty * (price - entry)

    def floor_qty(self, qty: Decimal) -> Decimal:
        return qty // self.step * self.step

    def round_price(self, price: Decimal) -> Decimal:
        return max(self.tick, (price / self.tick).quantize(Decimal(1)) * self.tick)


# Base, price, beta to bitcoin. The first five are the demo's markets.
_LISTED = (
    ("BTC", "42850", 1.00), ("ETH", "3380", 1.15), ("SOL", "55.80", 1.40), ("XRP", "1.5990", 1.15),
    ("DOGE", "0.47700", 1.20), ("BNB", "510", 1.20), ("ADA", "1.960", 1.20), ("DOT", "40.4", 1.35),
    ("LTC", "288", 1.20), ("LINK", "39.8", 1.35), ("BCH", "1030", 1.25), ("UNI", "35.9", 1.35),
    ("MATIC", "1.930", 1.45), ("XLM", "0.646", 1.15), ("ETC", "90.1", 1.35), ("EOS", "9.16", 1.25),
    ("TRX", "0.1187", 1.10), ("FIL", "128", 1.25), ("AAVE", "591", 1.40), ("XTZ", "6.24", 1.25),
    ("ATOM", "23.6", 1.30), ("AVAX", "35.2", 1.45), ("ALGO", "1.35", 1.25), ("SUSHI", "16.8", 1.45),
    ("COMP", "728", 1.30), ("MKR", "4850", 1.25), ("YFI", "69200", 1.20), ("SNX", "19.1", 1.40),
    ("CRV", "3.37", 1.45), ("1INCH", "5.43", 1.40), ("GRT", "1.28", 1.40), ("ENJ", "2.19", 1.35),
    ("CHZ", "0.425", 1.35), ("MANA", "1.17", 1.30), ("SAND", "0.48", 1.40), ("AXS", "7.2", 1.40),
    ("THETA", "9.3", 1.30), ("VET", "0.171", 1.30), ("NEAR", "5.35", 1.45), ("FTM", "0.63", 1.50),
    ("KSM", "541", 1.35), ("ZEC", "262", 1.20), ("DASH", "336", 1.20), ("XMR", "338", 1.05),
    ("NEO", "97", 1.25), ("WAVES", "25.9", 1.25), ("IOST", "0.051", 1.30), ("ICP", "172", 1.30),
    ("BAT", "1.08", 1.25), ("ZRX", "1.61", 1.30), ("RUNE", "17.2", 1.45), ("EGLD", "166", 1.35),
    ("HBAR", "0.288", 1.20), ("ONE", "0.125", 1.40), ("QTUM", "18.4", 1.25), ("OMG", "9.4", 1.30),
    ("ANKR", "0.145", 1.35), ("STORJ", "2.1", 1.30), ("KAVA", "7.1", 1.35), ("ZIL", "0.172", 1.30),
)  # fmt: skip

# Tick, step, largest market order, largest limit order, maintenance rate, maximum leverage, book level.
_MAJORS = {
    "BTC": ("0.10", "0.001", "120", "1190", "0.005", "100", "500000"),
    "ETH": ("0.01", "0.01", "1500", "8000", "0.005", "100", "300000"),
    "SOL": ("0.01", "0.1", "15000", "80000", "0.01", "50", "100000"),
    "XRP": ("0.0001", "0.1", "500000", "2500000", "0.01", "50", "100000"),
    "DOGE": ("0.00001", "1", "2500000", "12000000", "0.01", "50", "80000"),
}


def catalogue(count: int) -> dict[str, Instrument]:
    """The first `count` instruments, by symbol; past the known names, generated ones (SIM01USDT...)."""
    rows = list(_LISTED[:count])
    for number in range(1, count - len(rows) + 1):
        rows.append((f"SIM{number:02d}", str(Decimal(number * 7 % 97 + 3) / 10), 1.2))
    built = (_build(base, Decimal(price), beta) for base, price, beta in rows)
    return {instrument.symbol: instrument for instrument in built}


def _build(base: str, price: Decimal, beta: float) -> Instrument:
    major = _MAJORS.get(base)
    if major is None:
        tick, step = _grid(price)
        max_market = _round_lot(Decimal(400_000) / price, step)
        numbers = (tick, step, max_market, max_market * 5, Decimal("0.02"), Decimal(25), Decimal(25_000))
    else:
        tick, step, max_market, max_limit, rate, leverage, level = map(Decimal, major)
        numbers = (tick, step, max_market, max_limit, rate, leverage, level)
    return Instrument(
        symbol=f"{base}USDT",
        base=base,
        tick=numbers[0],
        step=numbers[1],
        min_qty=numbers[1],
        max_market_qty=numbers[2],
        max_limit_qty=numbers[3],
        maintenance_rate=numbers[4],
        max_leverage=numbers[5],
        level_notional=numbers[6],
        band=Decimal("0.05") if base in ("BTC", "ETH") else Decimal("0.1"),
        start_price=price,
        beta=beta,
    )


def inverse_of(linear: Instrument) -> Instrument:
    """The coin-margined perpetual on the same base ("BTCUSD"): contracts of one dollar."""
    most = (linear.max_market_qty * linear.start_price).quantize(Decimal(1))
    return replace(
        linear,
        symbol=f"{linear.base}USD",
        quote="USD",
        inverse=True,
        step=Decimal(1),
        min_qty=Decimal(1),
        min_notional=Decimal(1),
        max_market_qty=most,
        max_limit_qty=most * 5,
    )


def _grid(price: Decimal) -> tuple[Decimal, Decimal]:
    """A tick of about a ten-thousandth of the price and a lot of about one to ten USDT."""
    magnitude = price.adjusted()
    return Decimal(1).scaleb(magnitude - 4), Decimal(1).scaleb(min(3, max(-3, -magnitude)))


def _round_lot(qty: Decimal, step: Decimal) -> Decimal:
    return max(step, qty // step * step)
