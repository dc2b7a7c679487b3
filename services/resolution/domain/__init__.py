"""The work on a ticket, decided: pure, and the decider to copy when you write another.

    NotStarted ── start, reply, progress ──► InProgress ◄── hold, resume ──► OnHold
        ▲                                     │ ▲   │ ▲
        └── another agent, queue or tier ─────┘ │   │ └── the customer answers, or resume
                                                │   └── a reply that asks ► WaitingForCustomer
                                                │
                   reject, reopen, a customer's message, it came back
                                                ├───────────────────────────┐
    any of these ── resolve ──────────► Resolved ── confirm, silence, ─► Closed ──► Archived
    any of these ── close, merged ───────────────── close, merged ─────────►

`commands.py` says what can be asked for, `states.py` what the past amounts to, `decide.py`
which function answers (`work.py`, `closing.py`), and `rejections.py` why it may not be.
"""

from services.resolution.domain.commands import Command
from services.resolution.domain.decide import decide
from services.resolution.domain.states import Ticket, Unknown, evolve
from shared.decider import Decider

DECIDER: Decider[Command, Ticket] = Decider(initial_state=Unknown(), decide=decide, evolve=evolve)
