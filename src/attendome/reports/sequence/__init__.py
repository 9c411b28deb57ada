"""The report of a model that reads DNA."""
