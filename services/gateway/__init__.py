"""The gateway: the agents' HTTP API, and their panel in the browser.

Owns: the read model `desk_view` (queues, tickets with conversation, clocks and timeline).
Hears: everything that concerns a ticket or the desk.
Says: TicketViewed, on the access topic.

Commands are not decided here: each is sent to the service that owns it, with the signed
identity of whoever gave it.
"""
