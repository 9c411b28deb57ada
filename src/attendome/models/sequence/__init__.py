"""Models that read DNA: one trunk, and contexts that bring in what lies far away."""
