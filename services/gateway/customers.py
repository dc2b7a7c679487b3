"""What is known of customers beyond their tickets: further addresses, language, time zone."""

from dataclasses import replace

from services.gateway.rows import ORGANISATIONS, PEOPLE, OrganisationRow, PersonRow
from shared.events import Event
from shared.events.customers import (
    AddressLinked,
    AddressUnlinked,
    OrganisationDefined,
    PersonDescribed,
)
from shared.followers.view import View


def fold_customers(view: View, event: Event) -> None:
    """Change the row of one person, or of one organisation."""
    row = view.get(PEOPLE) or PersonRow(view.subject)
    match event:
        case OrganisationDefined():
            named = (event.organisation_id, event.name, event.active)
            view.put(ORGANISATIONS, OrganisationRow(view.subject, *named))
        case AddressLinked():
            other = {"person_id": str(event.other_person_id), "address": event.other_address}
            view.put(PEOPLE, replace(row, linked=[*_but(row, other["person_id"]), other]))
        case AddressUnlinked():
            view.put(PEOPLE, replace(row, linked=_but(row, str(event.other_person_id))))
        case PersonDescribed():
            view.put(PEOPLE, replace(row, language=event.language, timezone=event.timezone))
        case _:
            pass


def _but(row: PersonRow, person: str) -> list[dict[str, str]]:
    return [each for each in row.linked if each["person_id"] != person]
