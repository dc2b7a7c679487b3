"""Stages 5 to 7: the work on a ticket until it is solved, closed and archived.

Owns the read models `work` and `closed`.
Hears intake (what the customer says), assignment (who has it) and review (it came back).
Says WorkStarted, AgentReplied, NoteAdded, ProgressReported, TicketHeld, WorkResumed,
EscalationRequested, TicketResolved, ResolutionVerified, ResolutionConfirmed,
ResolutionRejected, TicketReopened, TicketClosed, ClosureReminded, TicketArchived; beside the
work NoteUnpinned, TagsChanged, TicketFollowed, TicketUnfollowed, TimeSpent, ParentLinked,
ChildLinked, ParentUnlinked, ChildUnlinked; and WorkRulesDefined, what agents have to work with.
"""
