"""Every event in words: a phrase per type, filled in from the event's JSON."""

import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from string import Formatter
from typing import Any, Final

WORDS: Final[Mapping[str, str]] = {
    # intake
    "TicketOpened": "opened as {number} under “{topic_name}” by {channel}: “{subject}”",
    "CustomerMessageReceived": "the customer wrote by {channel}: “{text}”",
    "ClarificationRequested": "the customer is asked: {questions}",
    "ClarificationProvided": "the customer answered: {answers} “{text}”",
    "ClarificationReminded": "the customer is reminded (reminder {reminder}) of: {questions}",
    "ClarificationLapsed": "no answer in time; goes on without: {questions}",
    "TicketVerified": "found accurate and complete",
    "TicketCategorised": "categorised as {type}, “{topic_name}”, for the team {team_name}, tier "
    "{tier}",
    "TicketPrioritised": "priority {priority} (impact {impact}, urgency {urgency}) {reason}",
    "TicketsRelated": "seems related to {related}",
    "TicketMerged": "merged into {into_number} by {merged_by}: {reason}",
    "TicketAbsorbed": "took in {source_number}, by {merged_by}: {reason}",
    "TicketUnmerged": "goes on by itself again, by {unmerged_by}: {reason}",
    "TicketReleased": "{source_number} goes on by itself again, by {unmerged_by}: {reason}",
    "TicketsLinked": "linked with {other_number} ({kind}) by {linked_by}: {reason}",
    "TicketsUnlinked": "linked no longer with {other_number}, by {unlinked_by}",
    "TicketSplit": "part of it became {into_number}, by {split_by}: {reason}",
    "TicketSplitOff": "began as part of {source_number}, by {split_by}",
    "TriageRulesDefined": "the desk's rules defined: {rules}",
    "SubmissionQuarantined": "a submission of {size_bytes} bytes is in quarantine: {reason}",
    "OutsiderWrote": "somebody who takes no part wrote about it: {number}",
    "TicketShared": "the team {team_name} got the same mail and sees it, too",
    "SubmissionReleased": "released by {released_by} into {number}",
    "SubmissionRejected": "rejected by {rejected_by}",
    "SenderBlocked": "no more mail is taken from {address}, by {blocked_by}",
    "SenderUnblocked": "mail of a blocked sender is taken again, by {unblocked_by}",
    "AddressConfirmed": "the requester has the address, shown by {how}",
    "AddressProofRequested": "the requester is to show that the address is theirs, until {ends_at}",
    "AddressProofReminded": "the requester is reminded (reminder {reminder}) to show the address",
    "AddressProofLapsed": "the requester has not shown the address in time; an agent decides",
    "CopyInvited": "the requester asked somebody into copy",
    "CopyConfirmed": "somebody agreed to be in copy",
    "CopyEnded": "somebody is in copy no more",
    "BounceReceived": "mail to {recipient} came back ({status})",
    "TopicDefined": "topic {topic_id} “{name}” defined, for the team {team_name}",
    "DeskNamed": "the desk calls itself “{name}”",
    "EntitlementDefined": "plan {plan_id} is only for {people} {domains}",
    "PersonErased": "a person is to be forgotten, by {erased_by}",
    "PersonExported": "all that is known of a person was given to {exported_by}",
    "WebhookCreated": "webhook to {url} made by {created_by}",
    "WebhookChanged": "webhook to {url} changed by {changed_by}",
    "WebhookSecretRotated": "webhook has secret number {generation}, by {rotated_by}",
    "WebhookRemoved": "webhook removed by {removed_by}",
    "ApiKeyCreated": "API key “{name}” made by {created_by}, for {scopes}",
    "ApiKeyRevoked": "API key revoked by {revoked_by}",
    "DeskRevised": "the desk is at revision {revision}",
    # assignment
    "TicketQueued": "waits in the queue of {team_name}: {reason}",
    "AgentAssigned": "assigned to {agent_name} of {team_name} (tier {tier}) by {by}: {reason}",
    "AgentUnassigned": "taken from {agent_id} by {by}: {reason}",
    "ParticipantAdded": "{agent_name} takes part, by {by}",
    "ParticipantRemoved": "{agent_id} takes part no longer, by {by}",
    "TicketTransferred": "transferred from {from_team_id} to {team_name} by {by}: {reason}",
    "TicketEscalated": "escalated from tier {from_tier} to {tier} by {by}: {reason}",
    "TicketRouted": "needs {team_name} by the routing rule “{rule}”: {skills}, tier {tier}",
    "TicketLeftUntouched": "nothing was done since {since}",
    "RoutingDefined": "the desk's routing defined: {rules}",
    "AgentWentOnline": "{agent_id} is online",
    "AgentWentOffline": "{agent_id} is offline",
    "TeamDefined": "team {team_id} “{name}” defined",
    "AgentDefined": "{role} {agent_id} “{name}” defined, tier {tier}, capacity {capacity}",
    # sla
    "SlaPlanApplied": "the plan “{plan_name}” holds, for {priority} priority: {reason}",
    "ClockStarted": "{clock} due at {due_at} ({target_minutes} min of business time): {reason}",
    "ClockPaused": "{clock} stands still, {reason}, with {remaining_seconds} s left",
    "ClockResumed": "{clock} runs again, due at {due_at}",
    "ClockStopped": "{clock} stopped: {reason}",
    "TargetApproaching": "{clock} is due soon, at {due_at}",
    "TargetMet": "{clock} met after {elapsed_seconds} s, due at {due_at}",
    "TargetBreached": "{clock} BREACHED, was due at {due_at}",
    "TargetOverdue": "{clock} overdue: {share} of its time has passed, was due at {due_at}",
    "BreachRetracted": "breach of {clock} taken back: {reason}",
    "CalendarDefined": "calendar {calendar_id} in {timezone} defined",
    "SlaPlanDefined": "plan {plan_id} “{name}” defined, hours {calendar_id}",
    # resolution
    "WorkStarted": "{started_by} began to work on it",
    "AgentReplied": "{replied_by} replied: “{text}”",
    "NoteAdded": "{noted_by} noted: “{text}”",
    "ProgressReported": "{reported_by} reported a {kind}: “{text}”",
    "TicketHeld": "held by {held_by}: {reason}",
    "WorkResumed": "work goes on, by {resumed_by}: {reason}",
    "EscalationRequested": "{requested_by} asks for a higher tier: {reason}",
    "TicketResolved": "resolved by {resolved_by} with a {kind}; cause: {cause}; “{note}”",
    "ResolutionVerified": "{verified_by} tried the solution ({method}): {result}, passed: {passed}",
    "ResolutionConfirmed": "the customer confirmed the solution “{comment}”",
    "ResolutionRejected": "the customer rejected the solution: “{reason}”",
    "TicketReopened": "reopened by {reopened_by}: {reason}",
    "TicketClosed": "closed ({how}) by {closed_by} “{note}”",
    "TicketArchived": "archived by {archived_by}",
    # review
    "FollowUpRequested": "the customer is asked whether it held",
    "FeedbackReceived": "rated {rating} of 5, recurred: {recurred} “{comment}”",
    "QualityReviewRequested": "a colleague is to look at it: {why}",
    "QualityRulesDefined": "which tickets colleagues look at: a share of {sample_share}, breached: "
    "{breached}, rated low: {rated_low}, reopened: {reopened}",
    "QualityReviewed": "reviewed by {reviewed_by}: {score} of 5 “{comment}”",
    "ArticleDrafted": "{drafted_by} drafted the article “{title}”",
    "ArticleReviewed": "{reviewed_by} read the article, approved: {approved} “{comment}”",
    "ArticlePublished": "{published_by} published the article “{title}”",
    "ArticleWithdrawn": "{withdrawn_by} withdrew an article: {reason}",
    "ArticleLinked": "{linked_by} solved it with the article “{title}”",
    # notify
    "NotificationRequested": "{kind} to {recipient}: “{subject}”",
    "NoticeIssued": "webhooks are told of {kind}: “{subject}”",
    "NotificationRulesDefined": "who hears what: {rules}, quiet hours: {quiet}",
    "NotificationPreferencesSet": "{whom} mutes {muted}, quiet hours: {quiet}, by {set_by}",
    "SuppressionLifted": "mail is sent again to an address that took none, by {lifted_by}",
    "NotificationSent": "{kind} sent, attempts: {attempts}",
    "NotificationFailed": "{kind} not delivered: {reason}",
    "NotificationSuppressed": "{kind} not sent, on purpose: {reason}",
    # access and operations
    "TicketViewed": "looked at by {viewed_by}",
    "ParkedSkipped": "{skipped_by} passed over an event for {service}/{follower}: {reason}",
}

TEXT_LENGTH_MAX: Final = 100

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_EMPTY = re.compile(r"\s*(“”|: *$)|\s+$")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def in_words(
    type_name: str,
    data: Mapping[str, Any],
    zone: tzinfo | None = None,
    names: Mapping[str, str] = {},
) -> str:
    """What happened, on one line; instants in `zone`, by default this machine's.

    `names` are those of people, by their ids as events say who did something. A type without
    words of its own is told by its name and its facts.
    """
    words = WORDS.get(type_name)
    if words is None:
        facts = ", ".join(f"{name} {plain(value, zone)}" for name, value in data.items())
        return f"{_HUMP.sub(' ', type_name).lower()}: {facts}".removesuffix(": ")
    told = {name: _who(name, value, names) for name, value in data.items()}
    filled = Formatter().vformat(words, (), _Plain(told, zone))
    return _EMPTY.sub("", filled).rstrip(": ")


def plain(value: Any, zone: tzinfo | None = None) -> str:
    """A fact as people read it, on one line, cut when it is long."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.1f}".removesuffix(".0")
        case str() if _INSTANT.fullmatch(value):
            return f"{datetime.fromisoformat(value).astimezone(zone):%Y-%m-%d %H:%M:%S}"
        case {"number": str(number)}:
            return number
        case {"text": str(text)}:
            return plain(text, zone)
        case Mapping():
            shown = [plain(each, zone) for each in value.values() if not isinstance(each, Mapping)]
            return ", ".join(shown)
        case list():
            return "; ".join(plain(each, zone) for each in value)
        case _:
            text = " ".join(str(value).replace("_", " ").split() if _code(value) else
                            str(value).split())  # fmt: skip
            return text if len(text) <= TEXT_LENGTH_MAX else f"{text[: TEXT_LENGTH_MAX - 1]}…"


def names_in(data: Mapping[str, Any]) -> set[str]:
    """The ids of people that an event names: who did it, and to whom."""
    return {value for name, value in data.items() if _names_somebody(name) and value}


def _names_somebody(field: str) -> bool:
    return field in {"by", "agent_id"} or field.endswith("_by")


def _who(field: str, value: Any, names: Mapping[str, str]) -> Any:
    """A person by their name; a customer whose name isn't known is the customer."""
    if not _names_somebody(field) or not isinstance(value, str):
        return value
    kind, _, rest = value.partition(":")
    unnamed = {"customer": "the customer", "agent": rest}.get(kind, value)
    return names.get(rest or value) or unnamed


def _code(value: object) -> bool:
    """Whether it is a name of ours like `first_response`, not text."""
    return isinstance(value, str) and re.fullmatch(r"[a-z]+(_[a-z]+)+", value) is not None


class _Plain(dict[str, str]):
    """The facts of an event, each as people read it; one that is missing is a dash."""

    def __init__(self, data: Mapping[str, Any], zone: tzinfo | None) -> None:
        super().__init__({name: plain(value, zone) for name, value in data.items()})

    def __missing__(self, key: str) -> str:
        return "–"
