"""Which lines allocate what stays, and what keeps it alive."""
