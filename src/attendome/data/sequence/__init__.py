"""Sequence datasets: DNA and the coverage of many tracks along it."""
