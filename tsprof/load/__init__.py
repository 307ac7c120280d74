"""Load: Locust in a process of its own, behind a gate that admits counted requests."""
