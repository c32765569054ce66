"""Work done beside the requests. Every job may run twice, side by side, or late."""
