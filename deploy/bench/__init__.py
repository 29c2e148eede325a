"""The bench: how fast Partners is beside its peers and beside what the machine allows."""
