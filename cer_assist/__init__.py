"""CER Assist: an active-learning annotation assistant for engagement levels of study protocols."""

VERSION = "0.1.0"  # as pyproject.toml has it
