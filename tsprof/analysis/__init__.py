"""Pure analysis: numbers in, findings and verdicts out."""
