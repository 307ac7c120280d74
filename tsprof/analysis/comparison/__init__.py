"""Between runs: baselines, known leaks, regressions, differences."""
