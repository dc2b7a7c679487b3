"""A small desk for simulations: three services that say a few of the real events.

    resolution   customers' and agents' commands; tells of an assignment; asks for escalation
    assignment   assigns within capacities; escalates on two tickets at once
    sla          one clock a ticket: set, moved, stopped, and breached when due

A ticket's way crosses all three: WorkStarted → AgentAssigned → ProgressReported, and
ClockStarted → TargetBreached → EscalationRequested → TicketEscalated. Each command of a
reaction says exactly one event, so that what is missing or doubled can be counted.
"""

from shared.service import Service
from shared.testing.simulation.desk import assignment, resolution, sla

SERVICES: tuple[Service, ...] = (resolution.SERVICE, assignment.SERVICE, sla.SERVICE)

__all__ = ["SERVICES", "assignment", "resolution", "sla"]
