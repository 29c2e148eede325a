"""A real Apache Kafka for the tests marked `bus`."""
