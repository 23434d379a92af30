"""Words for people: every text that a user reads is made here, from a view. Pure: no I/O, no clock.

Must not decide anything: what may merge and what is to be done was concluded before (judge.py, decide.py).
"""
