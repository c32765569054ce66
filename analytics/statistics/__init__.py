"""Division and estimation on the few rows that the definitions select. Pure Python."""
