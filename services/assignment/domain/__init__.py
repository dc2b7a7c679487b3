"""What assignment decides, pure: choosing an agent, the ticket's part, the desk's part.

    choice.py      what a ticket needs, who could take it, who does and why
    rejections.py  what is forbidden, in words
    tickets.py     the states of a ticket and what leads from one to the next
    commands.py    what may be commanded on a ticket
    decisions.py   what comes of it: `TICKETS`; with moves.py and escalation.py
    desk.py        agents and teams: `AGENTS` and `TEAMS`

Time, ids, candidates and their loads come in with a command.
"""
