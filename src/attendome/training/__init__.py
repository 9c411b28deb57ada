"""Fitting models: settings, batches, the loop (Lightning) and what it records."""
