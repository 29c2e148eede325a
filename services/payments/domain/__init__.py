"""The rules of payments, pure: nothing here reads a clock, a file or a database."""
