"""The loop that runs by itself: track → decide → retrain → promote."""
