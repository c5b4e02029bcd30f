"""Forms: one file per noun, beside the base, the fields and their NHS markup."""
