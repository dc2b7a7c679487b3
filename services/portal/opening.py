"""Pages on which a ticket is opened: the topics, a form for each, and the receipt."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.portal.acting import confirm_address
from services.portal.context import Portal
from services.portal.drafts import ATTACHMENTS, Draft, TooLarge, TooMany
from services.portal.forms import Filled, FormTooOld, Problems, why
from services.portal.guard import page_route
from services.portal.limits import TRAP, minutes
from services.portal.owners import Answer
from services.portal.reader import reader
from services.portal.rendering import HEADERS, STATIC, static
from services.portal.rows import PlanRow, TopicRow
from services.portal.sessions import Session
from services.portal.similar import Similar, similar_to
from services.portal.speaking import Said, said
from services.portal.topic_fields import CUSTOM, shown
from services.portal.words import line
from services.portal.zones import is_zone
from shared.errors import IdempotencyKeyReused, NotFound
from shared.ids import person_id
from shared.links import Link, read_link, sign_link, status_url
from shared.numbers import normalise, number_for

YEAR_SECONDS: Final = 31_536_000

SENT_BEFORE: Final = said(
    "You sent this form before, and it became a ticket: you have a mail with its number, and can "
    "add to it there. To open another ticket with what stands here, send it once more."
)

SHOW_PLANS: Final = "show_plans"
"""The button that sends nothing yet: it shows the plans of whoever has the mail address typed."""

OFFERED: Final = "offered"
"""Filled in once people have seen what may be about the same as their request."""

NONE: Final = Similar()

ABOVE: Final = {"subject": said("The subject"), "description": said("The description")}
"""What fields are called in sentences: those above a topic's own fields, and those below."""

BELOW: Final = {
    "plan": said("The service plan"),
    "impact": said("Who is affected"),
    "urgency": said("How urgent it is"),
    "attachments": said("The files"),
    "requester.name": said("Your name"),
    "requester.email": said("Your e-mail address"),
    "requester.phone": said("Your phone number"),
}


TRAPPED: Final = said(
    "Something filled in a field that people don't see, so nothing was sent. It is empty again: "
    "please send the form once more."
)

TOO_MANY: Final = said(
    "Many requests came from you within the last hour. Nothing is lost: please send this again "
    "in {wait}."
)


def routes(portal: Portal) -> APIRouter:
    """The pages."""
    router = APIRouter(include_in_schema=False, route_class=page_route(portal.desk))

    @router.get("/static/{mark}/{name}")
    async def static_file(mark: str, name: str) -> Response:
        if name not in STATIC or static(name)[1] != mark:
            raise NotFound(what="file")
        cache = {"Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable"}
        return Response(static(name)[0], 200, HEADERS | cache, STATIC[name])

    @router.get("/")
    async def topics() -> Response:
        return portal.page("topics.html", {"topics": await portal.finders.topics()})

    @router.get("/new/{topic_id}")
    async def form(topic_id: str, request: Request) -> Response:
        topic = await portal.finders.topic(topic_id)
        token = portal.tokens.make(f"new {topic_id}")
        me = portal.sessions.of(request)
        page = await _form(portal, topic, token, _begun(me))
        # Whoever goes back finds the form that was sent, with its token, so that sending it
        # again is the same ticket. Fetched anew, as `no-store` has it, it would be another one;
        # and so it would if it were sent to this very address, as that makes browsers forget it.
        page.headers["Cache-Control"] = "private, max-age=0"
        return page

    @router.get("/new/{topic_id}/send")
    async def not_sent(topic_id: str) -> Response:
        return RedirectResponse(f"/new/{quote(topic_id)}", 303, HEADERS)

    @router.post("/new/{topic_id}/send")
    async def send(topic_id: str, request: Request) -> Response:
        return await _send(portal, topic_id, request)

    @router.get("/t/{token}/received")
    async def received(token: str, about: str = "") -> Response:
        link = read_link(portal.settings.link_secret, token)
        number = number_for(link.ticket_id, portal.settings.link_secret.encode())
        url = status_url(portal.settings.portal_url.rstrip("/"), token)
        values = {"number": number, "url": url, "token": token, "about": normalise(about)}
        return portal.page("received.html", values)

    return router


async def _send(portal: Portal, topic_id: str, request: Request) -> Response:
    """Open the ticket, or show the form again with what is wrong beside each field."""
    topic = await portal.finders.topic(topic_id)
    settings = portal.settings
    form = await portal.form(request)
    token = form.get("form")
    try:
        key = portal.tokens.read(f"new {topic_id}", token)
    except FormTooOld as old:
        # What was typed is not lost: the same form again, with a token that is good.
        token = portal.tokens.make(f"new {topic_id}")
        return await _form(portal, topic, token, form, Problems(message=why(old)), 403)
    try:
        files = await portal.drafts.gather(key, form.uploads, form.kept)
    except (TooLarge, TooMany) as error:
        problems = Problems({error.field: why(error)})
        return await _form(portal, topic, token, form, problems, 422)
    if form.get(SHOW_PLANS):
        kept = await portal.drafts.keep(key, files)
        return await _form(portal, topic, token, form, kept=kept)
    if form.get(TRAP):
        kept = await portal.drafts.keep(key, files)
        return await _form(portal, topic, token, form, Problems(message=TRAPPED), 422, kept)
    email = form.get("requester.email")
    wait = portal.limits.wait_seconds(request, email)
    if wait:
        kept = await portal.drafts.keep(key, files)
        many = Problems(message=TOO_MANY.given(wait=minutes(wait)))
        page = await _form(portal, topic, token, form, many, 429, kept)
        page.headers["Retry-After"] = str(round(wait) or 1)
        return page
    me = portal.sessions.of(request)
    if not form.get(OFFERED):
        similar = await similar_to(portal, topic_id, form.get("subject"), me)
        if similar:
            kept = await portal.drafts.keep(key, files)
            return await _form(portal, topic, token, form, kept=kept, similar=similar)
    answer = await portal.owners.send(
        "intake",
        "/v1/tickets",
        _submission(topic, form, files),
        person=person_id(email),
        name=line(form.get("requester.name"), 60),
        key=key,
    )
    if not answer.done:
        problems = _problems(answer, topic, files)
        if answer.code == IdempotencyKeyReused().code:
            # Gone back to, and changed: from now on a form of its own, with its own files.
            token, problems = portal.tokens.make(f"new {topic_id}"), Problems(message=SENT_BEFORE)
            key = portal.tokens.read(f"new {topic_id}", token)
        kept = await portal.drafts.keep(key, files)
        return await _form(portal, topic, token, form, problems, answer.status, kept)
    proven = me is not None and me.person_id == person_id(email)
    link = Link(UUID(answer.body["ticket_id"]), person_id(email), opened=not proven)
    if proven:
        await confirm_address(portal, link, key)
    magic = sign_link(settings.link_secret, link, portal.runtime.clock())
    return RedirectResponse(f"/t/{magic}/received", 303, HEADERS)


def _begun(me: Session | None) -> Filled:
    """The form as it begins: with the address of whoever is signed in."""
    return Filled({"requester.email": me.email} if me else {}, (), ())


def _submission(topic: TopicRow, form: Filled, files: Sequence[Draft]) -> dict[str, Any]:
    """The form as intake takes it. What was left empty is left out, or asked for there."""
    requester = {"name": form.get("requester.name"), "email": form.get("requester.email")}
    if form.get("requester.phone"):
        requester["phone"] = form.get("requester.phone")
    names = [field["name"] for field in topic.fields]
    typed = {name: form.get(f"{CUSTOM}{name}") for name in names}
    chosen = {name: form.get(name) for name in ("impact", "urgency", "plan")}
    return {
        "topic": topic.topic_id,
        "channel": "web",
        "requester": requester,
        "subject": form.get("subject"),
        "description": form.get("description"),
        "custom_fields": {name: value for name, value in typed.items() if value},
        "attachments": [file.attachment for file in files],
        **{name: value for name, value in chosen.items() if value},
        **_of_reader(form),
    }


def _of_reader(form: Filled) -> dict[str, str]:
    """What they speak and where they are, as far as their browser says: mails are so, too."""
    zone = form.get("timezone")
    found = {"language": reader().speaks, "timezone": zone if is_zone(zone) else ""}
    return {name: value for name, value in found.items() if value}


def _problems(answer: Answer, topic: TopicRow, files: Sequence[Draft] = ()) -> Problems:
    """What intake found wrong, as sentences; what belongs to no field is told above the form."""
    own = {
        f"{CUSTOM}{field['name']}": said("“{label}”", label=field["label"].rstrip("?: "))
        for field in topic.fields
    }
    labels = ABOVE | own | BELOW  # in the order of the form
    fields: dict[str, Said] = {}
    others: list[Said] = []
    for name, trouble in answer.troubles.items():
        place = _chosen_in(name, files) if name.startswith(ATTACHMENTS) else name
        told = said("{field} {trouble}.", field=labels.get(place, name), trouble=trouble)
        if place in labels:
            fields.setdefault(place, told)
        else:
            others.append(told)
    message = others or ("" if fields else answer.message)
    return Problems({name: fields[name] for name in labels if name in fields}, message)


def _chosen_in(name: str, files: Sequence[Draft]) -> str:
    """The field of the form that the file was chosen in: `attachments.2.name` is of the third."""
    index = name.split(".")[1:2]
    if index and index[0].isdecimal() and int(index[0]) < len(files):
        return files[int(index[0])].field
    return ATTACHMENTS


async def _form(
    portal: Portal,
    topic: TopicRow,
    token: str,
    form: Filled,
    problems: Problems | None = None,
    status: int = 200,
    kept: Sequence[tuple[str, Draft]] = (),
    similar: Similar = NONE,
) -> Response:
    plans: Sequence[PlanRow] = ()
    if topic.plans:
        plans = await portal.finders.plans(topic.plans, form.get("requester.email"))
    values: Mapping[str, Any] = {
        "topic": topic,
        "plans": plans,
        "more_plans": len(plans) < len(topic.plans),
        "asked_for_plans": bool(form.get(SHOW_PLANS)),
        "action": f"/new/{quote(topic.topic_id)}/send",
        "form": token,
        "typed": form.get,
        "problems": problems or Problems(),
        "kept": kept,
        "own_fields": shown(topic.fields),
        "similar": similar,
        "offered": bool(similar or form.get(OFFERED)),
        "offers": f"/new/{quote(topic.topic_id)}/similar",
        **portal.file_limits,
    }
    return portal.page("new.html", values, status)
