"""Plain Python, no framework: what a protocol, a label and a rubric are."""
