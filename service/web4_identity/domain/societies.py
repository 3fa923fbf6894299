"""What can be the name of a society."""

MAX_NAME_LENGTH = 256


def is_society_name(text: str) -> bool:
    """Whether `text` is 1 to 256 printable characters without spaces around.

    What is not printable includes all that the database could not even be asked for (NUL, lone surrogates).
    """
    return 1 <= len(text) <= MAX_NAME_LENGTH and text.isprintable() and text == text.strip()
