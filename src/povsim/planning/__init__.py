"""Planning questions on runs: targets, comparisons of plans, goals sought, budgets allocated."""
