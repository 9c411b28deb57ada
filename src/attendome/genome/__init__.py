"""Intervals and gene annotation. Coordinates are 0-based and half-open."""
