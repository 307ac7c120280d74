"""A finished or half-finished run, rendered: terminal, HTML, JSON, JUnit, Markdown."""
