"""Intake: stages 1 to 3, from a customer's message to a verified ticket with a priority.

Owns the projections `submissions` (what came in), `register` (each ticket with its number,
time and status) and `triage` (category, priority, related tickets; the topics of the desk).
Hears resolution, notify and assignment, for the status of a ticket only; and sla, whose plans
may raise a priority.
Says `shared/events/intake.py`. HTTP on 8081, SMTP on 2525.
"""
