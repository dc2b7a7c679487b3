"""Privacy: personal text is ciphertext under a key of the person it is about, from the first
event on; whoever drops the keys has made it unreadable, wherever the events have gone.

master.py   the master keys, which wrap people's keys
sealing.py  a text under somebody's keys, and back: pure
keyring.py  a service's keys: made, looked up, kept in memory for a while
travel.py   how keys travel on Kafka
"""
