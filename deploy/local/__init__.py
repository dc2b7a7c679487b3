"""Everything on one machine, with nothing installed but Python: servers and processes."""
