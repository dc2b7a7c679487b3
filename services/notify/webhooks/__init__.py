"""Webhooks: what happens, posted to whoever asked for it (Standard Webhooks).

    event ──► fan-out ──► waiting ──► posted ──► delivered
              (follows      ▲           │
               the log)     └── put off ┴──► failed, after three days of tries
                                             (kept, and posted again when somebody asks)

domain.py      what a webhook is: commands, rejections, decide, evolve
addresses.py   where nothing is posted: private networks, by whatever name
signing.py     secrets and signatures
fan_out.py     a delivery for each public event and each webhook that wants it
store.py       deliveries and their tries, and the breaker of each endpoint
calling.py     one request, to an address that was looked at
sender.py      posts what is due
api.py         the inner HTTP API
"""
