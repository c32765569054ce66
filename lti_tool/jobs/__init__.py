"""Background jobs, which send what the outboxes hold. Every job may run twice, concurrently, or
late."""
