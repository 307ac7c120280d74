"""Findings, doubts, and the verdict that they come to."""
