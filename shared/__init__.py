"""What every service is built from: the vocabulary, the log, the inbox, the followers.

Nothing here knows a service. Read `shared.events` first, then `shared.log`.
"""
