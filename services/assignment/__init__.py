"""Assignment: stage 4, who works on a ticket, and why.

Owns the read model `queues`: tickets and who has them, teams, agents with their skills,
presence and capacity. Hears intake (what a ticket needs), resolution and sla (closed,
reopened, to be escalated). Says TicketQueued, AgentAssigned, AgentUnassigned,
TicketTransferred, TicketEscalated, ParticipantAdded, ParticipantRemoved; and of the desk
TeamDefined, AgentDefined, AgentWentOnline, AgentWentOffline.

An agent's capacity spans tickets, so it is claimed where events are appended: two
processes that choose the same agent at the same moment can't both have the last place.
"""
