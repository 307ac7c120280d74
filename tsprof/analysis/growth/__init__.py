"""How fast something grows, and by what law: readings in, shape, rate and interval out."""
