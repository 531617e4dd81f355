"""What a page or a report shows, as numbers and tables without widgets: worked out from small digests of runs."""
