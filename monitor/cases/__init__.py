"""The six steps of a case: what each asks for, and what is still missing. Decides; reads nothing but its registry."""
