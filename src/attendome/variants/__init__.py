"""What variants change in the predictions of a sequence model."""
