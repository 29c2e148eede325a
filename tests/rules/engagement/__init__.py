"""Engagement's rules, with nothing running."""
