"""From statements to figures: facts (rows), definitions (SQL counts), statistics (Python divides), catalogue (what it means)."""
