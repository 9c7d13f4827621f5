"""Rules played over a history through the core itself: what the arming report cannot compute from prices."""
