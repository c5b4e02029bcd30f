"""Reads: one file per noun. Every list takes the viewer; what is not theirs is not found."""
