"""A run under way, shown to others: as Prometheus metrics, and as a page in a browser."""
