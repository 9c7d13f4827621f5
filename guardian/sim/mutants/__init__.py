"""Mutants: planted one-line faults that the checkers must find. Tests of the tests."""
