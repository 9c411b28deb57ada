"""The errors that attendome raises for wrong data or a wrong request.

Each message says what was expected, what was found, where, and what to do.
"""


class AttendomeError(Exception):
    """Base class: the data or the request is wrong, not the program."""


class DataError(AttendomeError):
    """A file or a dataset is missing, malformed, or of the wrong kind."""


class SettingsError(AttendomeError):
    """A setting, a model name or another choice of the user's is not valid."""


class RunError(AttendomeError):
    """A run folder or a file of weights is missing, unfinished, damaged, or does not fit."""
