"""Pure analysis: numbers in, findings and verdicts out. MATH.md explains how.

From the bottom up:

* ``growth``: one counter; how fast it grows, and by what law.
* ``run``: what the checkpoints, samples and segments of a run come to.
* ``attribution``: memory's lines and holders; who opens descriptors, starts threads and tasks.
* ``service``: how the target served, and whether the load was what was asked for.
* ``comparison``: other runs; what is known, acknowledged, or worse than before.
* ``verdict``: findings, doubts, and the decision.
"""
