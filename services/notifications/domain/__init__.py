"""The rules of notifications, pure: who is told what, how often it is tried, how it reads."""
