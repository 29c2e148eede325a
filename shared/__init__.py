"""What the services have in common: kernel, contracts, infra. It knows no service."""
