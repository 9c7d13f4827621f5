"""One incident: the live runtime on simulated ports, in virtual time, from the first read to its end."""
