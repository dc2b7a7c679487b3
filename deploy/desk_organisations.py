"""Organisations in the desk's file: customers who belong together."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import Field, StringConstraints

from deploy.desk_parts import Line, Part, Place, Slug
from shared.ids import domain_key, person_id

Domain = Annotated[str, StringConstraints(pattern=r"^[^@\s.]+(\.[^@\s.]+)+$", max_length=253)]
Member = Annotated[
    str, StringConstraints(pattern=r"^([^@\s]+@[^@\s]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$")
]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$")]


class Organisation(Part):
    """Who has an address in one of `domains`, or is one of `members`, belongs to it."""

    name: Line
    domains: tuple[Domain, ...] = ()
    members: Annotated[
        tuple[Member, ...],
        Field(description="By mail address; in an export, by the id made of it."),
    ] = ()
    plan: Annotated[
        Slug | None,
        Field(description="Of their tickets, unless the topic has a plan; they may choose it."),
    ] = None
    team: Annotated[
        Slug | None, Field(description="Who takes their tickets, instead of the topic's team.")
    ] = None
    language: Language | None = None
    timezone: Line | None = None

    def as_defined(self, organisation_id: str, team_names: Mapping[str, str]) -> dict[str, Any]:
        """Its fields, as intake takes them."""
        return {
            "organisation_id": organisation_id,
            "name": self.name,
            "domains": self.domains,
            "members": self.members,
            "plan_id": self.plan,
            "team_id": self.team,
            "team_name": team_names[self.team] if self.team else None,
            "language": self.language or "",
            "timezone": self.timezone or "",
        }


def untrue_organisations(
    organisations: Mapping[str, Organisation],
    teams: Collection[str],
    plans: Collection[str],
    staffed: Collection[str],
) -> Iterator[tuple[Place, str]]:
    """What no organisation can tell by itself."""
    owners: dict[str, str] = {}
    for name, each in organisations.items():
        place = ("organisations", name)
        if not each.domains and not each.members:
            yield place, "has neither domains nor members: nobody would belong to it"
        if each.team is not None and each.team not in teams:
            yield (*place, "team"), f"there is no team {each.team}"
        elif each.team is not None and each.team not in staffed:
            yield (*place, "team"), f"nobody in team {each.team} takes tickets"
        if each.plan is not None and each.plan not in plans:
            yield (*place, "plan"), f"there is no plan {each.plan}"
        if each.timezone is not None and each.timezone not in available_timezones():
            yield (*place, "timezone"), f"there is no time zone {each.timezone}"
        for kind in ("domains", "members"):
            for index, given in enumerate(getattr(each, kind)):
                key = domain_key(given) if kind == "domains" else member_id(given)
                if owners.setdefault(key, name) != name:
                    what = f"{given} belongs to {owners[key]} already"
                    yield (*place, kind, index), what


def readable_members(told: Iterable[str], named: Iterable[str]) -> list[str]:
    """Members, whom the desk knows by their ids, by the addresses in `named`; who is not among
    those keeps the id."""
    address_of = {member_id(each): each for each in named}
    known = set(told)
    first = [address for person, address in address_of.items() if person in known]
    rest = sorted(known - address_of.keys())
    return [*first, *rest]


def member_id(member: str) -> str:
    """The id of whoever is named by an address or by that id."""
    return str(person_id(member)) if "@" in member else member
