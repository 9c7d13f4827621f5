"""guardian: an independent risk and safety sidecar for crypto trading."""

__version__ = "0.1.0"
