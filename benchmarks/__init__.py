"""Measured claims: each module prints its table and the load of the machine beside it."""
