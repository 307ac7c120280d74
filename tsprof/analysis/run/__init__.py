"""What a run's checkpoints, samples and segments come to, before anything is judged."""
