"""The main story, played for a newcomer: a plan becomes pulls, people and machines work, everything lands in order.

Talks to the sandbox and to Signalbox from outside only: REST, git, and two processes. Must not import either of them.
"""
