"""The LTI 1.3 tool: launches, learning acts, pages, grades. Knows the record store by address and key alone; no metric formula."""
