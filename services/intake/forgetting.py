"""What intake keeps of people besides its log and read models: their files, and how much
of theirs was refused."""

from services.intake.projection import QUERIES
from shared.bucket import files_of
from shared.privacy.eraser import Forget, Forgotten
from shared.privacy.sealing import ERASED
from shared.service import Runtime


def forget_files(runtime: Runtime) -> Forget:
    """Delete the files, raw mails too, that nobody's events name any more in the clear, and the
    counts of the forgotten."""
    store = files_of(runtime.settings)

    async def forget(forgotten: Forgotten) -> bool:
        await runtime.pool.execute(QUERIES.forget_refusals, list(forgotten.persons))
        rows = await runtime.pool.fetch(QUERIES.files_of_nobody, ERASED)
        return await store.remove([row["file_id"] for row in rows])

    return forget
