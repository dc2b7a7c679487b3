"""notify: tells customers and agents what happened, by mail, once each.

Owns the projections `deliveries` (who was told what, and whether it arrived) and
`directory` (where agents, teams and plans are found), and the outbox of the sender.

Hears everything that somebody is told about. Says NotificationRequested, then
NotificationSent or NotificationFailed; or NotificationSuppressed.

And it posts public events to webhooks (`webhooks/`): WebhookCreated, WebhookChanged and the like.

Read `letters.py` for who is told what when, `sender.py` for how it is sent.
"""
