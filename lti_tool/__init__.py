"""The LTI 1.3 tool: launches, learning acts, pages, grades. Knows the record store only by URL
and key; contains no metric formula."""
