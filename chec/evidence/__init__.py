"""Arithmetic of outcomes and of what may be shown about people. Knows no table and no request."""
