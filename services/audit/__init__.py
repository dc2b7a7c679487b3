"""audit: keeps every event of every service, once and in order, and proves that none is missing.

Owns the sequence: its own log (`ledger.log`) is what it hears, types that this version does
not know included. That is primary data: one writer, backed up, never rebuilt. Of it the
projection `numbers` finds a ticket's events by the number people read out.

Hears all. Says nothing.
"""
