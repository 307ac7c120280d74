"""Runs on disk: readable while they are written, and after ``kill -9``."""
