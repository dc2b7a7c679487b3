"""The panel: the agents' pages, rendered here, working without any script."""
