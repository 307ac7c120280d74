"""What a load costs: how many machines make it, at which price, and how they are set up."""
