"""Background jobs. Each may run twice, concurrently or late."""
