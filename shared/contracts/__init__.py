"""The events: every stored event is published, and its class here is the contract."""
