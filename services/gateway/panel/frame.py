"""What every page of a signed-in agent shows around its own content."""

from typing import Any

from services.gateway.context import Gateway
from services.gateway.finders import COUNT_MAX
from services.gateway.panel.guard import Visitor


async def frame(gateway: Gateway, who: Visitor) -> dict[str, Any]:
    """Who is signed in, the counts of the queues, and the time of the page."""
    return {
        "me": who.agent,
        "manages": who.manages,
        "form_token": who.form_token,
        "counts": await gateway.finders.counts(who.agent),
        "count_max": COUNT_MAX,
        "now": gateway.runtime.clock(),
        "refresh_seconds": gateway.settings.refresh_seconds,
    }
