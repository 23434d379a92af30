"""The database: inbox, lanes, plans, commands and journal. Every query of the program is in this package."""
