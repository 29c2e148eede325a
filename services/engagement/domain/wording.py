"""Whether somebody has said something: a reason of blanks is no reason."""

from shared.contracts.personal import Clear


def is_said(*values: Clear) -> bool:
    """Whether every one of these is text with more than white space in it."""
    return all(isinstance(value.value, str) and value.value.strip() for value in values)
