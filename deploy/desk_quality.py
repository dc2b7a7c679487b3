"""Quality in the desk's file: which closed tickets colleagues look at, and what low ratings do."""

from typing import Annotated

from pydantic import Field

from deploy.desk_parts import Part
from shared.events.review import QualityRulesDefined

_FIELDS = QualityRulesDefined.model_fields


class Quality(Part):
    sample_share: Annotated[
        float, Field(ge=0, le=1, description="Of the closed tickets nothing was special about.")
    ] = _FIELDS["sample_share"].default
    breached: bool = Field(True, description="Look at all that broke a promise.")
    rated_low: bool = Field(True, description="Look at all that were rated low.")
    reopened: bool = Field(True, description="Look at all that were reopened.")
    low_rating_at_most: Annotated[
        int, Field(ge=0, le=5, description="The best rating that is a low one; 0: none is.")
    ] = _FIELDS["low_rating_at_most"].default
    low_rating_reopens: bool = Field(
        False, description="A low rating begins the work anew, as when the problem came back."
    )
