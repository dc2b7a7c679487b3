"""What follows the log: the relay, projections and reactions, each from a cursor of its own."""
