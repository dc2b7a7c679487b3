"""Files that come with a reply or a note: stored and synced before the event that names them."""

from collections.abc import Sequence

from services.resolution.bodies import File
from services.resolution.settings import Settings
from shared.bucket import Files, files_of
from shared.events import Attachment
from shared.service import Runtime
from shared.web import Invalid


async def kept(runtime: Runtime, files: Sequence[File]) -> tuple[Attachment, ...]:
    """Store the files where the service's settings say; what an event says of them."""
    settings = runtime.settings
    assert isinstance(settings, Settings)
    return await keep(files_of(settings), files, settings.attachment_bytes_max)


async def keep(store: Files, files: Sequence[File], bytes_max: int) -> tuple[Attachment, ...]:
    """Store the files; what an event says of them. Raises `Invalid`, naming each too large."""
    too_large = [
        (f"attachments.{index}.content_base64", f"is larger than {bytes_max} bytes")
        for index, file in enumerate(files)
        if len(file.content_base64) > bytes_max
    ]
    if too_large:
        raise Invalid(too_large)
    file_ids = await store.put(*(file.content_base64 for file in files))
    return tuple(
        Attachment(
            file_id=file_id,
            name=file.name,
            content_type=file.content_type,
            size_bytes=len(file.content_base64),
        )
        for file_id, file in zip(file_ids, files, strict=True)
    )
