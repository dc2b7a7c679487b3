"""What assignment decides, pure: choosing an agent, the ticket's part, the desk's part.

    choice.py      what a ticket needs, who could take it, who does and why
    rejections.py  what is forbidden, in words
    tickets.py     the states of a ticket and what leads from one to the next
    commands.py    what may be commanded on a ticket, and `TICKETS`, which decides it
    desk.py        agents and teams: `AGENTS` and `TEAMS`
"""
