"""The account's history in rows: every order, fill and ledger entry that a record told, each once.

Law: a row is derived from a record and committed with it; whatever is wrong with the rows stops no record.
"""
