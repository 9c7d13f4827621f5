"""The laws of an incident, one object each, held against the world's truth and never against guardian's."""
