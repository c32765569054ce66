"""Background jobs of the record store. Each may run twice, concurrently or late."""
