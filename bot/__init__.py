"""Signalbox: a plan in an issue becomes branches and pull requests that merge only in the plan's order."""
