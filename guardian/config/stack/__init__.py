"""The `telemetry:` and `sources:` parts of guardian.yaml: who may tell what the trading stack does."""
