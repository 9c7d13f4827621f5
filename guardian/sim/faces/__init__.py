"""Faces: wire protocols over one world. Each speaks its venue's REST so that real clients cannot tell."""
