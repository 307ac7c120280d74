"""The supervisor: launches the target, drives segments, takes checkpoints, survives faults."""
