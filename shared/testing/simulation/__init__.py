"""A seeded simulation of services: the shipped inbox, followers, timers and deciders over a
simulated Kafka and Postgres, in virtual time, with faults.

    python -m shared.testing.simulation --seed 17 --trace

Whatever is random comes from the seed, so that a seed that fails once fails always. What
is simulated, what is injected and what is checked: docs/simulation.md.
"""
