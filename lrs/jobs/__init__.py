"""Background jobs. Every job may run twice, concurrently, or late."""
