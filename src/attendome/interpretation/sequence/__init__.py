"""What the prediction of a sequence model looked at."""
