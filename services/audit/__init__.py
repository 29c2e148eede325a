"""The immutable trail: keeps every event of every service verbatim, and proves it."""
