"""Training of the models that read DNA."""
