"""The whole desk, measured from outside: real processes, real servers, one machine."""
