"""Files that come with a reply: stored and synced before the event that names them."""

from collections.abc import Sequence

from services.resolution.bodies import File
from shared.bucket import Files
from shared.events import Attachment
from shared.web import Invalid


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
