"""The pure core: what a plan is, what is true, what follows. No clock, no network, no database, no environment."""
