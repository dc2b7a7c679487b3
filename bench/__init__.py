"""How right and how fast, each side by side with its floor."""
