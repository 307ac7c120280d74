"""The scenarios as data: what each asks of the supervisor."""
