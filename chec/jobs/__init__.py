"""What runs by itself, and when; and the worker that runs it."""
