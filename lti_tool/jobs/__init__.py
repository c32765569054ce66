"""Work done beside the requests: what leaves by the outboxes. Every job may run twice, side by side, or late."""
