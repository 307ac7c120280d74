"""TruthSync: a claim-verification service."""
