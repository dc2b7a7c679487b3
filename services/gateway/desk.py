"""The desk as agents see it: who works here, in which teams, under which plans."""

from dataclasses import replace

from services.gateway.customers import fold_customers
from services.gateway.rows import (
    AGENTS,
    API_KEYS,
    PLANS,
    TEAMS,
    TOPICS,
    WORK_RULES,
    AgentRow,
    ApiKeyRow,
    PlanRow,
    TeamRow,
    TopicRow,
    WorkRulesRow,
)
from shared.events import Event
from shared.events.access import ApiKeyCreated, ApiKeyRevoked
from shared.events.assignment import AgentDefined, AgentWentOffline, AgentWentOnline, TeamDefined
from shared.events.desk import TopicDefined
from shared.events.resolution import WorkRulesDefined
from shared.events.sla import SlaPlanDefined
from shared.followers.view import View


def fold_desk(view: View, event: Event) -> None:
    """Change the row of one agent, team, plan, topic or API key."""
    match event:
        case AgentDefined():
            before = view.get(AGENTS)
            online = before is not None and before.online
            view.put(AGENTS, replace(_agent(view, event), online=online))
        case AgentWentOnline():
            view.change(AGENTS, online=True)
        case AgentWentOffline():
            view.change(AGENTS, online=False)
        case TeamDefined():
            view.put(TEAMS, TeamRow(view.subject, event.team_id, event.name))
        case SlaPlanDefined():
            targets = [target.model_dump(mode="json") for target in event.targets]
            plan = PlanRow(view.subject, event.plan_id, event.name, event.description, targets)
            view.put(PLANS, plan)
        case TopicDefined():
            labels = {field.name: field.label for field in event.fields}
            topic = TopicRow(view.subject, event.topic_id, event.name, event.active, labels)
            view.put(TOPICS, topic)
        case WorkRulesDefined():
            told = event.model_dump(mode="json")
            view.put(WORK_RULES, WorkRulesRow(view.subject, told["responses"], told["macros"]))
        case ApiKeyCreated():
            view.put(API_KEYS, _api_key(view, event))
        case ApiKeyRevoked():
            view.change(API_KEYS, revoked_at=event.revoked_at)
        case _:
            fold_customers(view, event)


def _api_key(view: View, event: ApiKeyCreated) -> ApiKeyRow:
    return ApiKeyRow(
        subject=view.subject,
        name=event.name,
        scopes=list(event.scopes),
        key_hash=event.key_hash,
        created_by=event.created_by,
        created_at=event.created_at,
        expires_at=event.expires_at,
        revoked_at=None,
    )


def _agent(view: View, event: AgentDefined) -> AgentRow:
    return AgentRow(
        subject=view.subject,
        agent_id=event.agent_id,
        name=event.name,
        email=event.email,
        role=event.role.value,
        team_ids=list(event.team_ids),
        skills=list(event.skills),
        tier=event.tier,
        capacity=event.capacity,
        token_hash=event.token_hash,
        active=event.active,
        revision=event.revision,
    )
