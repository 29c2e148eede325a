"""The rules of recruitment, one aggregate a module."""
