"""How the target served: latency, throughput, errors, its own gauges, criteria."""
