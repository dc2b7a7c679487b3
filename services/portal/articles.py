"""Articles for everybody: what helped before."""

from fastapi import APIRouter, Request, Response

from services.portal.context import Portal
from services.portal.guard import page_route
from services.portal.reader import reader
from services.portal.similar import similar_to
from shared.moments import moment


def routes(portal: Portal) -> APIRouter:
    """An article's page, and what is offered for a subject, as a part of the form's page."""
    router = APIRouter(include_in_schema=False, route_class=page_route(portal.desk))

    @router.get("/articles/{article_id}")
    async def article(article_id: str) -> Response:
        found = await portal.finders.article(article_id)
        at = moment(found.published_at, portal.settings.timezone, reader().language)
        return portal.page("article.html", {"article": found, "published": at})

    @router.post("/new/{topic_id}/similar")
    async def similar(topic_id: str, request: Request) -> Response:
        # Sent as a form, as what somebody types has no place in an address.
        form = await portal.form(request, with_files=False)
        me = portal.sessions.of(request)
        found = await similar_to(portal, topic_id, form.get("subject"), me)
        return portal.page("similar.html", {"similar": found})

    return router
