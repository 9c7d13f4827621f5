"""Measurements that anybody can repeat: both sides of a comparison in one run, by the venue's own books."""
