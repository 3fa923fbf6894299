"""The one kind of error a user sees: a line that says what is wrong and what to do."""


class UserError(Exception):
    """A problem the user can act on. Printed as one line, without a traceback; the command exits with 1."""
