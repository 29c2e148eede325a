"""The rules of engagement: pure deciders, one aggregate a module."""
