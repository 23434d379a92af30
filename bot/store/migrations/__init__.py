"""The history of the tables, by alembic. A revision that has been released is never edited."""
