"""Pure analysis: numbers in, findings and verdicts out.

From the bottom up:

* One counter: ``growth``, with ``noise``, ``points``, ``trend``, ``shapes``, ``clocks``, ``rate``
  and ``forecast``.
* The whole run: ``observe``, ``assessments``, ``ledger``; ``aftermath`` once it was suspected.
* Memory's lines and holders: ``captures``, ``sites``, ``native``, ``tables``, ``holders``,
  ``sized``, ``causes`` and ``reconcile``, put together by ``attribution``.
* Descriptors, threads, tasks, processes: ``counted_resources``, ``listings``, ``patterns``,
  ``culprits``, and ``exhaustion``.
* How the target served: ``usage``, ``performance``, ``criteria``; over hours ``drift``,
  ``stability``, ``gauges`` and ``gauge_drift``.
* Other runs: ``keys``, ``change``, ``conditions``, ``baseline``, ``pairs``, ``known_leaks``,
  ``regressions``, ``difference``; and ``acknowledgements``, with the baseline in ``allowances``.
* The verdict: ``findings`` with what ``confirmation`` brought; the ``grounds`` that
  ``unserved_load``, ``blind_spots`` and ``ending`` add, with ``more_time`` as advice; ``decide``,
  and ``summary`` with the ``timeline`` that charts draw.
"""
