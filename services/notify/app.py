"""notify, put together. The only place where its parts are built."""

from typing import Final, cast

from services.notify.api import routes
from services.notify.domain import DECIDER
from services.notify.forgetting import forget_answers
from services.notify.ledger import ledger_routes
from services.notify.measures import outbox
from services.notify.projection import Deliveries, DirectoryOfTheDesk
from services.notify.reactions import Bounced, Tell
from services.notify.sender import Sender
from services.notify.settings import Settings
from services.notify.webhooks.api import webhook_routes
from services.notify.webhooks.fan_out import FanOut
from services.notify.webhooks.sender import WebhookSender
from services.notify.wishes import wishes_routes
from shared.events import ACCESS, Event, all_event_types
from shared.events.notify import (
    NoticeIssued,
    NotificationFailed,
    NotificationPreferencesSet,
    NotificationRequested,
    NotificationRulesDefined,
    NotificationSent,
    NotificationSuppressed,
    SuppressionLifted,
    WebhookChanged,
    WebhookCreated,
    WebhookRemoved,
    WebhookSecretRotated,
)
from shared.running import run
from shared.service import Reacts, Runtime, Service

HEARS: Final[frozenset[type[Event]]] = frozenset(
    cls for cls in all_event_types() if cls.author != "notify" and cls.topic != ACCESS
)
"""Everything on tickets and on the desk. Nothing of the topic of looks: what is said after
those would wait for them wherever they are not heard."""

SAYS: Final[frozenset[type[Event]]] = frozenset(
    {
        NotificationRequested,
        NotificationSent,
        NotificationFailed,
        NotificationSuppressed,
        NoticeIssued,
        NotificationRulesDefined,
        NotificationPreferencesSet,
        SuppressionLifted,
        WebhookCreated,
        WebhookChanged,
        WebhookSecretRotated,
        WebhookRemoved,
    }
)


def _settings(runtime: Runtime) -> Settings:
    return cast(Settings, runtime.settings)


SERVICE: Final = Service(
    name="notify",
    hears=HEARS,
    says=SAYS,
    projections=[Deliveries(), DirectoryOfTheDesk()],
    reactions=lambda runtime: [
        Reacts(Tell(runtime, _settings(runtime)), DECIDER),
        Reacts(Bounced(), DECIDER),
    ],
    followers=lambda runtime: [FanOut(runtime.log, runtime.settings.instance)],
    routers=lambda runtime: [
        routes(runtime),
        wishes_routes(runtime),
        ledger_routes(runtime),
        webhook_routes(runtime),
    ],
    measures=lambda runtime: [outbox(runtime)],
    tasks=lambda runtime: [
        Sender(runtime, _settings(runtime)).run,
        WebhookSender(runtime, _settings(runtime)).run,
    ],
    forget=forget_answers,
    other_tables=("outbox.attempts",),
)


def main() -> None:
    """Run notify until it is told to stop."""
    run(SERVICE, Settings())
