"""The command line: one file for each command, found by the table in ``main``."""
