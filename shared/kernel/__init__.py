"""The vocabulary of every rule: pure values and functions, standard library and pydantic only."""
