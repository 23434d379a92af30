"""Odd inputs for everything that reads what strangers write: `make fuzz` searches for new ones, the tests draw a few."""
