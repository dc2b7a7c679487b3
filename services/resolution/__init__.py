"""Stages 5 to 7: the work on a ticket until it is solved, closed and archived.

Owns the read models `work` and `closed`.
Hears intake (what the customer says), assignment (who has it) and review (it came back).
Says WorkStarted, AgentReplied, NoteAdded, ProgressReported, TicketHeld, WorkResumed,
EscalationRequested, TicketResolved, ResolutionVerified, ResolutionConfirmed,
ResolutionRejected, TicketReopened, TicketClosed, TicketArchived.
"""
