"""Pages that are made from code; the others are written by hand."""
