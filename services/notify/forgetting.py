"""What notify keeps of people besides its log and read models: what mail servers said."""

from services.notify.finders import QUERIES
from shared.privacy.eraser import Forget, Forgotten
from shared.service import Runtime


def forget_answers(runtime: Runtime) -> Forget:
    """Delete what mail servers said of mails to them: it often quotes the address."""

    async def forget(forgotten: Forgotten) -> bool:
        await runtime.pool.execute(QUERIES.forget_answers, list(forgotten.subjects))
        return True

    return forget
