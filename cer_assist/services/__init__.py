"""Use cases: functions (session, …) -> value. They never commit and never import Flask."""
