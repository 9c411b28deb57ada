"""Scores of the models that read DNA, and their comparison."""
