"""Unit tests of rule packs, as YAML: an account's history by time, and what is expected when."""
