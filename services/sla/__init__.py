"""sla: keeps the promises of the desk, and says when one is at risk or broken.

Owns the plans and calendars (projection `desk`), and the clocks that run through a
ticket's life (projection `clocks`): first and next response, progress, resolution. A clock
keeps the targets and business hours under which it was started, until the ticket's plan or
priority changes; so every due time can be worked out again from what was said of the ticket
alone.

Hears intake (a ticket's plan and priority; the customer's side of a conversation),
assignment (whose ticket it is), resolution (the desk's side).

Says SlaPlanApplied, ClockStarted, ClockPaused, ClockResumed, ClockStopped,
TargetApproaching, TargetMet, TargetBreached, TargetOverdue, BreachRetracted; of the desk
CalendarDefined, SlaPlanDefined.
"""
