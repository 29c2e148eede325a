"""Everything that touches the world: PostgreSQL, Kafka, HTTP, clocks, keys and logs."""
