"""The designs that are compared: one a file. `guardian` plays the real rules through the real core."""
