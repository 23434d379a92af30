"""The REST endpoints by area: they read requests and write answers; every change is an operation."""
