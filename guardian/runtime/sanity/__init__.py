"""The daily sanity checks: every part that guardian needs is looked at once a day and reported.

Law: nothing here is on the way of a decision. A check that hangs costs only its own line of the report.
"""
