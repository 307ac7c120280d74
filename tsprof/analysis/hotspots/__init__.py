"""Where the CPU time goes: functions by their share, what became hotter, and what stands out."""
