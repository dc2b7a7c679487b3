"""A model of the Postgres of one service: the `ledger` schema and its read models, in memory.

It knows the statements that the core sends, by their text, and refuses any other loudly. A
conformance test runs the same random operations against it and against the real one.
"""
