"""The demonstration: a story in a file, played through the services' public HTTP APIs."""
