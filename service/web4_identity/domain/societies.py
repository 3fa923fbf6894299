"""What can be the name of a society."""

MAX_NAME_LENGTH = 256


def is_society_name(text: str) -> bool:
    """Whether `text` is 1 to 256 printable characters without spaces around, and can be read at its path.

    What is not printable includes all that the database could not even be asked for (NUL, lone surrogates). A segment
    "." or ".." would be resolved by the client before it asks (RFC 3986, section 5.2.4).
    """
    readable = not {".", ".."} & set(text.split("/"))
    return 1 <= len(text) <= MAX_NAME_LENGTH and text.isprintable() and text == text.strip() and readable
