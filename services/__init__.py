"""The services: each has its own rules, log, database and process."""
