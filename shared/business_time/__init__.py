"""Business time: calendars as people write them, and the arithmetic of their open hours."""
