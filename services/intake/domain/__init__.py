"""What intake decides: commands in, events out, nothing else.

ticket.py        the state of a ticket, and how events change it
verification.py  complete and accurate, or what to ask
topics.py        what the desk says of topics, plans and organisations
rules.py         what the desk's rules make of it
triage.py        topic, type, priority from impact and urgency
opening.py       OpenTicket
confirming.py    ConfirmAddress
proving.py       RemindOfProof, LetProofLapse
copying.py       InviteCopy, InviteSuggested, ConfirmCopy, EndCopy
conversation.py  ReceiveMessage, ProvideClarification, RecordBounce
reminding.py     RemindOfClarification, LetClarificationLapse, AcceptAsItIs
linking.py       Link, Unlink, Unmerge, Release, Split, BeginSplitOff
related.py       RelateTickets, MergeInto, Absorb
suggesting.py    whom mails were sent to, too
sharing.py       ShareTicket, TellOfOutsider
desk.py          DefineTopic, RetireTopic, ReviseDesk: subjects of their own
quarantine.py    QuarantineSubmission and what becomes of it, BlockSender: subjects of their own
people.py        ErasePerson: a subject of its own
persons.py       LinkAddress, DescribePerson: the same subject
keys.py          CreateApiKey, RevokeApiKey: a subject of its own
"""

from services.intake.domain.confirming import ConfirmAddress, confirm_address
from services.intake.domain.conversation import (
    ProvideClarification,
    ReceiveMessage,
    RecordBounce,
    provide_clarification,
    receive_message,
    record_bounce,
)
from services.intake.domain.copying import (
    ConfirmCopy,
    EndCopy,
    InviteCopy,
    InviteSuggested,
    decide_copying,
)
from services.intake.domain.linking import (
    BeginSplitOff,
    Link,
    Release,
    Split,
    Unlink,
    Unmerge,
    decide_linking,
)
from services.intake.domain.opening import OpenTicket, open_ticket
from services.intake.domain.proving import LetProofLapse, RemindOfProof, decide_proving
from services.intake.domain.related import (
    Absorb,
    MergeInto,
    RelateTickets,
    absorb,
    merge_into,
    relate,
)
from services.intake.domain.reminding import (
    AcceptAsItIs,
    LetClarificationLapse,
    RemindOfClarification,
    decide_reminding,
)
from services.intake.domain.sharing import (
    ShareTicket,
    TellOfOutsider,
    share,
    tell_of_outsider,
)
from services.intake.domain.ticket import Nothing, Ticket, evolve
from services.intake.domain.triage import (
    OverridePriority,
    Recategorise,
    override_priority,
    recategorise,
)
from shared.decider import Decider
from shared.events import Event

Command = (
    OpenTicket
    | ReceiveMessage
    | ProvideClarification
    | Recategorise
    | OverridePriority
    | RelateTickets
    | MergeInto
    | Absorb
    | RecordBounce
    | RemindOfClarification
    | LetClarificationLapse
    | AcceptAsItIs
    | Link
    | Unlink
    | Unmerge
    | Release
    | Split
    | BeginSplitOff
    | ConfirmAddress
    | RemindOfProof
    | LetProofLapse
    | ShareTicket
    | TellOfOutsider
    | InviteCopy
    | InviteSuggested
    | ConfirmCopy
    | EndCopy
)


def decide(command: Command, state: Ticket) -> list[Event]:
    """What is newly true of a ticket. Raises a `Rejected` for what is forbidden."""
    match command:
        case OpenTicket():
            return open_ticket(command, state)
        case ReceiveMessage() | ProvideClarification() | RecordBounce() | ConfirmAddress():
            return _from_customers(command, state)
        case RemindOfClarification() | LetClarificationLapse() | AcceptAsItIs():
            return decide_reminding(command, state)
        case RemindOfProof() | LetProofLapse():
            return decide_proving(command, state)
        case InviteCopy() | InviteSuggested() | ConfirmCopy() | EndCopy():
            return decide_copying(command, state)
        case Link() | Unlink() | Unmerge() | Release() | Split() | BeginSplitOff():
            return decide_linking(command, state)
        case _:
            return _decide_triage(command, state)


def _decide_triage(
    command: Recategorise
    | OverridePriority
    | RelateTickets
    | MergeInto
    | Absorb
    | ShareTicket
    | TellOfOutsider,
    state: Ticket,
) -> list[Event]:
    match command:
        case Recategorise():
            return recategorise(command, state)
        case OverridePriority():
            return override_priority(command, state)
        case RelateTickets():
            return relate(command, state)
        case MergeInto():
            return merge_into(command, state)
        case Absorb():
            return absorb(command, state)
        case ShareTicket():
            return share(command, state)
        case TellOfOutsider():
            return tell_of_outsider(command, state)


def _from_customers(
    command: ReceiveMessage | ProvideClarification | RecordBounce | ConfirmAddress, state: Ticket
) -> list[Event]:
    match command:
        case ReceiveMessage():
            return receive_message(command, state)
        case ProvideClarification():
            return provide_clarification(command, state)
        case RecordBounce():
            return record_bounce(command, state)
        case ConfirmAddress():
            return confirm_address(command, state)


DECIDER: Decider[Command, Ticket] = Decider(initial_state=Nothing(), decide=decide, evolve=evolve)

__all__ = [
    "DECIDER",
    "Absorb",
    "AcceptAsItIs",
    "BeginSplitOff",
    "Command",
    "ConfirmAddress",
    "ConfirmCopy",
    "EndCopy",
    "InviteCopy",
    "InviteSuggested",
    "LetClarificationLapse",
    "LetProofLapse",
    "Link",
    "MergeInto",
    "OpenTicket",
    "OverridePriority",
    "ProvideClarification",
    "Recategorise",
    "ReceiveMessage",
    "RecordBounce",
    "RelateTickets",
    "Release",
    "RemindOfClarification",
    "RemindOfProof",
    "ShareTicket",
    "Split",
    "TellOfOutsider",
    "Unlink",
    "Unmerge",
    "decide",
]
