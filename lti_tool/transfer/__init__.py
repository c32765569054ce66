"""From learning to work: the transfer plan, uses on the job, what is handed in and reviewed."""
