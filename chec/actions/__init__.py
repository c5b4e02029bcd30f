"""Changes: one file per noun. Each takes an Actor, checks its rules, records what was done."""
