"""Decisions: one file per policy, whose docstring is the policy in English. Pure."""
