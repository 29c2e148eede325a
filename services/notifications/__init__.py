"""Notifications: everyone who should be told, once, in plain English."""
