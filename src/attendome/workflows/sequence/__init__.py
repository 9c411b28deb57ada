"""The tasks of the user on models that read DNA."""
