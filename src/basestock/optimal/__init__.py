"""What is best: exact optima and bounds."""
