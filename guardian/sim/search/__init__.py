"""The search: many seeds over all cores, what they cover, and the smallest scenario of one that fails."""
