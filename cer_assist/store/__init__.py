"""The database: engine, types and one file a noun under tables/."""
