"""Probes: gauges read from outside the target, cheap enough to be always on."""
