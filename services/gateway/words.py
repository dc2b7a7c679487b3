"""Every event of a ticket in words, for its timeline."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from shared.events import (
    Event,
    assignment,
    intake,
    notify,
    participants,
    relations,
    resolution,
    review,
    sla,
    submissions,
)
from shared.events.base import Priority

QUIET: Final[frozenset[type[Event]]] = frozenset(
    {
        assignment.ParticipantAdded,
        assignment.ParticipantRemoved,
        participants.AddressConfirmed,
        participants.AddressProofRequested,
        participants.AddressProofReminded,
        participants.CopyEnded,
        participants.CopySuggested,
        participants.CopyInvited,
        relations.OutsiderWrote,
        relations.TicketShared,
        relations.TicketsRelated,
        intake.TicketVerified,
        notify.NotificationRequested,
        notify.NotificationSent,
        notify.NotificationSuppressed,
        notify.NoticeIssued,
        review.ArticleDrafted,
        review.ArticleLinked,
        review.ArticlePublished,
        review.ArticleReviewed,
        review.ArticleWithdrawn,
        review.FollowUpRequested,
        review.QualityReviewed,
        review.QualityReviewRequested,
        sla.BreachRetracted,
        sla.ClockPaused,
        sla.ClockResumed,
        sla.ClockStarted,
        sla.ClockStopped,
        sla.SlaPlanApplied,
        sla.TargetApproaching,
        sla.TargetBreached,
        sla.TargetMet,
        sla.TargetOverdue,
        resolution.ChildLinked,
        resolution.ChildUnlinked,
        resolution.ClosureReminded,
        resolution.NoteAdded,
        resolution.NoteUnpinned,
        resolution.ParentLinked,
        resolution.ParentUnlinked,
        resolution.TagsChanged,
        resolution.TicketArchived,
        resolution.TicketFollowed,
        resolution.TicketUnfollowed,
        resolution.TimeSpent,
        resolution.WorkStarted,
    }
)
"""What an answer to the customer does not depend on: it makes nobody's draft stale."""

_MARK: Final = re.compile("⟦([^⟦⟧]{1,200})⟧")

CLOCK_NAMES: Final = {"first_response": "first response", "resolution": "resolution"}

KIND_NAMES: Final = {
    "agent_assignment": "news of the assignment",
    "acknowledgment": "acknowledgment",
    "follow_up": "follow-up",
    "breach_warning": "warning of a breach",
    "customer_reply": "news of the customer's message",
    "low_rating": "news of a low rating",
}


def in_words(event: Event) -> str:
    """One sentence that says what happened; the type's name where there is none yet."""
    phrase = _PHRASES.get(type(event))
    return phrase(event) if phrase is not None else type(event).__name__


def who(name: str) -> str:
    """Somebody as people read it: an agent by a mark for `with_names`, machinery by what it is."""
    machinery = {
        "routing": "routing",
        "rule": "rule",
        "timer": "the clock",
        "system": "the desk",
        "escalation": "escalation",
    }
    kind, _, rest = name.partition(":")
    if kind == "customer":
        return "the customer"
    if name in machinery or kind not in ("agent", name):
        return machinery.get(name, rest)
    return f"⟦{rest or name}⟧"


def with_names(text: str, names: Mapping[str, str]) -> str:
    """Words with the names of agents where their ids were marked; names may change, and be
    forgotten, so they stand in no row."""
    return _MARK.sub(lambda mark: names.get(mark[1]) or mark[1], text)


def marks_in(text: str) -> bool:
    """Whether an agent's id is marked in the words."""
    return "⟦" in text


def duration(seconds: float) -> str:
    """A span as people say it, in its two largest units: `2 d 3 h`, `45 min`, `20 s`."""
    left = int(abs(seconds))
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
        elif parts:
            break
        if len(parts) == 2 or (parts and unit == "min"):
            break
    return " ".join(parts)


def target(minutes: float) -> str:
    """A span of a calendar's time, in hours: its days are shorter than those of `duration`."""
    if minutes < 60:
        return duration(minutes * 60)
    hours, rest = divmod(round(minutes), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def clock_name(kind: str) -> str:
    return CLOCK_NAMES.get(kind, kind.replace("_", " "))


def _by(name: str) -> str:
    return f" (by {who(name)})" if name else ""


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _notification(event: Any) -> str:
    kind = KIND_NAMES.get(event.kind.value, event.kind.value.replace("_", " "))
    return f"{kind} {'to the customer' if event.to_customer else 'to the desk'}"


def _prioritised(e: intake.TicketPrioritised) -> str:
    how = "set by hand" if e.overridden else f"impact {e.impact}, urgency {e.urgency}"
    return f"Priority {e.priority.label}, {how}{_because(e.reason)}{_by(e.by)}"


def _planned(e: sla.SlaPlanApplied) -> str:
    promised = ", ".join(f"{clock_name(t.clock)} in {target(t.minutes)}" for t in e.targets)
    label = Priority(e.priority).label
    return f"SLA plan {e.plan_name} for {label}: {promised}{_because(e.reason)}"


def _moved(e: sla.ClockStarted) -> str:
    """The old due time beside the new one, where they differ."""
    old, new = e.previous_due_at, e.due_at
    if old is None or old == new:
        return ""
    return f"; due {new:%Y-%m-%d %H:%M} instead of {old:%Y-%m-%d %H:%M} UTC"


def _related(e: relations.TicketsRelated) -> str:
    return "Looks related to " + ", ".join(each.number for each in e.related)


def _messaged(e: intake.CustomerMessageReceived) -> str:
    what = "An automatic answer came in" if e.automatic else "The customer wrote"
    return f"{what} ({e.channel}, {e.sender.name or e.sender.email}){_doubt(e.authenticity)}"


def _doubt(found: intake.Authenticity | None) -> str:
    """What SPF, DKIM and DMARC say of a mail, where there is anything to say."""
    if found is None or found.verdict is intake.Verdict.NONE:
        return ""
    told = f"SPF {found.spf}, DKIM {found.dkim}, DMARC {found.dmarc}"
    how = "proven" if found.verdict is intake.Verdict.PASSED else "NOT proven"
    return f"; sender {how}: {told}"


def _bounced(e: submissions.BounceReceived) -> str:
    what = "could not be delivered" if e.hard else "is delayed"
    return f"A mail of ours to {e.recipient} {what} ({e.status or 'no status given'})"


def _replied(e: resolution.AgentReplied) -> str:
    waits = "; waits for the customer" if e.awaits_customer else ""
    return f"{e.agent_name or who(e.replied_by)} replied{waits}"


def _failed(e: notify.NotificationFailed) -> str:
    how = "may not have arrived" if e.unknown else "was not delivered"
    return f"The {_notification(e)} {how}: {e.reason}"


def _tagged(e: resolution.TagsChanged) -> str:
    added = [f"+{tag}" for tag in e.added]
    return f"Tags {' '.join([*added, *(f'-{tag}' for tag in e.removed)])}{_by(e.changed_by)}"


_BESIDE: Final[dict[type[Event], Callable[[Any], str]]] = {
    resolution.NoteUnpinned: lambda e: f"A note was unpinned{_by(e.unpinned_by)}",
    resolution.TagsChanged: _tagged,
    resolution.TicketFollowed: lambda e: f"{who(e.agent_id)} follows it",
    resolution.TicketUnfollowed: lambda e: f"{who(e.agent_id)} follows it no longer",
    resolution.TimeSpent: lambda e: f"{who(e.spent_by)} spent {e.minutes:g} min{_because(e.note)}",
    resolution.ParentLinked: lambda e: f"Part of {e.parent_number} now{_by(e.linked_by)}",
    resolution.ParentUnlinked: lambda e: f"Part of {e.parent_number} no longer{_by(e.unlinked_by)}",
    resolution.ChildLinked: lambda e: f"{e.child_number} is part of it now{_by(e.linked_by)}",
    resolution.ChildUnlinked: lambda e: (
        f"{e.child_number} is part of it no longer{_by(e.unlinked_by)}"
    ),
    resolution.ClosureReminded: lambda _: (
        "The customer was reminded that silence is going to close it"
    ),
}
"""What is put on a ticket beside the work."""

_PHRASES: Final[dict[type[Event], Callable[[Any], str]]] = {
    **_BESIDE,
    intake.TicketOpened: lambda e: (
        f"Opened by {e.channel} under {e.topic_name}{_doubt(e.authenticity)}"
    ),
    intake.CustomerMessageReceived: _messaged,
    intake.ClarificationRequested: lambda e: (
        "The customer was asked: " + "; ".join(q.text for q in e.questions)
    ),
    intake.ClarificationProvided: lambda _: "The customer answered what was asked",
    intake.TicketVerified: lambda _: "Verified: it can be worked on",
    intake.TicketCategorised: lambda e: (
        f"Categorised as {e.type}, {e.topic_name}, for {e.team_name}, tier {e.tier}"
        f"{_because(e.reason)}{_by(e.by)}"
    ),
    intake.TicketPrioritised: _prioritised,
    relations.TicketsRelated: _related,
    relations.TicketMerged: lambda e: f"Merged into {e.into_number}{_because(e.reason)}",
    relations.TicketAbsorbed: lambda e: f"Took in {e.source_number}{_because(e.reason)}",
    intake.ClarificationReminded: lambda e: (
        f"The customer was reminded of what was asked (reminder {e.reminder})"
    ),
    intake.ClarificationLapsed: lambda e: (
        "The customer did not answer in time; it goes on without: "
        + "; ".join(q.text for q in e.questions)
    ),
    relations.TicketUnmerged: lambda e: (
        f"Goes on by itself again, not in {e.from_number}{_because(e.reason)}"
    ),
    relations.TicketReleased: lambda e: (
        f"{e.source_number} goes on by itself again{_because(e.reason)}"
    ),
    relations.TicketsLinked: lambda e: (
        f"Linked with {e.other_number}, {e.kind}{_because(e.reason)}{_by(e.linked_by)}"
    ),
    relations.TicketsUnlinked: lambda e: (
        f"No longer linked with {e.other_number}{_by(e.unlinked_by)}"
    ),
    relations.TicketSplit: lambda e: (
        f"Part of it became {e.into_number}{_because(e.reason)}{_by(e.split_by)}"
    ),
    relations.TicketSplitOff: lambda e: f"Began as part of {e.source_number}{_by(e.split_by)}",
    submissions.SubmissionQuarantined: lambda e: f"Quarantined{_because(e.reason)}",
    submissions.SubmissionReleased: lambda e: f"Released into {e.number}{_by(e.released_by)}",
    submissions.SubmissionRejected: lambda e: f"Rejected{_by(e.rejected_by)}",
    relations.OutsiderWrote: lambda e: (
        f"Somebody who takes no part wrote about it: that is {e.number}"
    ),
    relations.TicketShared: lambda e: f"The same mail came to {e.team_name}: both teams see it",
    participants.AddressConfirmed: lambda e: {
        "link": "The customer used a link that was mailed to them: the address is theirs",
        "mail": "The customer answered a mail of ours: the address is theirs",
        "agent": "Opened for the customer, whose address an agent answers for",
    }[e.how.value],
    participants.AddressProofRequested: lambda _: (
        "Held until the requester shows that the address is theirs"
    ),
    participants.AddressProofReminded: lambda e: (
        f"The requester was reminded to show that the address is theirs (reminder {e.reminder})"
    ),
    participants.AddressProofLapsed: lambda _: (
        "The requester has not shown in time that the address is theirs; an agent decides"
    ),
    participants.CopySuggested: lambda e: (
        f"The customer's mail went to {', '.join(p.name or p.email for p in e.people)}, too"
    ),
    participants.CopyInvited: lambda e: (
        f"The customer asked {e.person.name or e.person.email} to be in copy"
    ),
    participants.CopyConfirmed: lambda _: (
        "Somebody agreed to be in copy, and reads what is written"
    ),
    participants.CopyEnded: lambda _: "Somebody is in copy no more",
    submissions.BounceReceived: _bounced,
    assignment.TicketQueued: lambda e: f"Queued for {e.team_name}{_because(e.reason)}",
    assignment.TicketRouted: lambda e: (
        f"Goes to {e.team_name} by the routing rule {e.rule_name or e.rule}"
        if e.rule
        else f"No routing rule holds any more: goes to {e.team_name}"
    ),
    assignment.TicketLeftUntouched: lambda e: (
        f"Nothing was done about it since {e.since:%d %b %H:%M} UTC: its manager is told"
    ),
    assignment.AgentAssigned: lambda e: (
        f"Assigned to {e.agent_name} ({e.team_name}, tier {e.tier}){_because(e.reason)}{_by(e.by)}"
    ),
    assignment.AgentUnassigned: lambda e: (
        f"Taken from {who(e.agent_id)}{_because(e.reason)}{_by(e.by)}"
    ),
    assignment.ParticipantAdded: lambda e: f"{e.agent_name} takes part{_by(e.by)}",
    assignment.ParticipantRemoved: lambda e: f"{who(e.agent_id)} takes part no longer{_by(e.by)}",
    assignment.TicketTransferred: lambda e: (
        f"Transferred to {e.team_name}{_because(e.reason)}{_by(e.by)}"
    ),
    assignment.TicketEscalated: lambda e: (
        f"Escalated from tier {e.from_tier} to {e.tier}{_because(e.reason)}{_by(e.by)}"
    ),
    sla.SlaPlanApplied: _planned,
    sla.ClockStarted: lambda e: (
        f"Clock of the {clock_name(e.clock)} started: {target(e.target_minutes)}"
        f"{_because(e.reason)}{_moved(e)}"
    ),
    sla.ClockPaused: lambda e: f"Clock of the {clock_name(e.clock)} paused{_because(e.reason)}",
    sla.ClockResumed: lambda e: f"Clock of the {clock_name(e.clock)} runs again",
    sla.ClockStopped: lambda e: (
        f"The {clock_name(e.clock)} came late"
        if e.late
        else f"Clock of the {clock_name(e.clock)} called off{_because(e.reason)}"
    ),
    sla.TargetApproaching: lambda e: (
        f"The {clock_name(e.clock)} is due in {duration(e.remaining_seconds)}"
    ),
    sla.TargetMet: lambda e: (
        f"The {clock_name(e.clock)} was in time, after {duration(e.elapsed_seconds)}"
    ),
    sla.TargetBreached: lambda e: f"The {clock_name(e.clock)} is overdue",
    sla.TargetOverdue: lambda e: (
        f"The {clock_name(e.clock)} has taken {e.share:.0%} of the time it had"
    ),
    sla.BreachRetracted: lambda e: (
        f"The {clock_name(e.clock)} had been in time after all{_because(e.reason)}"
    ),
    resolution.WorkStarted: lambda e: f"{who(e.started_by)} began to work on it",
    resolution.AgentReplied: _replied,
    resolution.NoteAdded: lambda e: (
        f"{e.agent_name or who(e.noted_by)} left a note{', pinned' if e.pinned else ''}"
    ),
    resolution.ProgressReported: lambda e: (
        f"{e.agent_name or who(e.reported_by)} reported a {e.kind}"
    ),
    resolution.TicketHeld: lambda e: f"On hold{_because(e.reason)}{_by(e.held_by)}",
    resolution.WorkResumed: lambda e: f"Work goes on{_because(e.reason)}{_by(e.resumed_by)}",
    resolution.EscalationRequested: lambda e: (
        f"{who(e.requested_by)} asked for a higher tier{_because(e.reason)}"
    ),
    resolution.TicketResolved: lambda e: (
        f"{e.agent_name or who(e.resolved_by)} resolved it with a {e.kind}"
    ),
    resolution.ResolutionVerified: lambda e: (
        f"The solution {'passed' if e.passed else 'failed'} verification by "
        f"{e.method}: {e.result}{_by(e.verified_by)}"
    ),
    resolution.ResolutionConfirmed: lambda e: f"Solution confirmed by {who(e.confirmed_by)}",
    resolution.ResolutionRejected: lambda e: (
        f"Solution rejected by {who(e.rejected_by)}{_because(e.reason)}"
    ),
    resolution.TicketReopened: lambda e: f"Reopened{_because(e.reason)}{_by(e.reopened_by)}",
    resolution.TicketClosed: lambda e: f"Closed ({e.how}){_because(e.note)}{_by(e.closed_by)}",
    resolution.TicketArchived: lambda e: f"Archived{_by(e.archived_by)}",
    review.FollowUpRequested: lambda _: "The customer was asked whether it held, and for a rating",
    review.FeedbackReceived: lambda e: (
        f"The customer gave {e.rating} of 5{', and it came back' if e.recurred else ''}"
    ),
    review.QualityReviewRequested: lambda e: f"A colleague is to look at it: {e.why}",
    review.QualityReviewed: lambda e: f"Reviewed: {e.score} of 5{_by(e.reviewed_by)}",
    review.ArticleDrafted: lambda e: f"Article drafted: {e.title}{_by(e.drafted_by)}",
    review.ArticleReviewed: lambda e: (
        f"Article {'approved' if e.approved else 'sent back'}{_because(e.comment)}"
        f"{_by(e.reviewed_by)}"
    ),
    review.ArticlePublished: lambda e: f"Article published: {e.title}{_by(e.published_by)}",
    review.ArticleWithdrawn: lambda e: (
        f"Article withdrawn{_because(e.reason)}{_by(e.withdrawn_by)}"
    ),
    review.ArticleLinked: lambda e: f"Solved by the article: {e.title}{_by(e.linked_by)}",
    notify.NotificationRequested: lambda e: f"To be sent: {_notification(e)}",
    notify.NoticeIssued: lambda e: f"For webhooks: {KIND_NAMES.get(e.kind, e.kind)}",
    notify.NotificationSent: lambda e: f"Sent: {_notification(e)}",
    notify.NotificationFailed: _failed,
    notify.NotificationSuppressed: lambda e: f"Not sent: {_notification(e)}{_because(e.reason)}",
}
