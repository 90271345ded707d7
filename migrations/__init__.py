"""Alembic: the database's history, one file a step."""
