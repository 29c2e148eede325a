"""The bus: every log published as a topic, every topic consumed exactly once in effect."""
