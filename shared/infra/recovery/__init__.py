"""A log whose database was restored from an older backup is brought back from what others kept."""
