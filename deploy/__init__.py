"""Everything that starts the system: embedded, containers, organisations, demo."""
