"""What AI may do: workflows, control sets, conditions, checks, and the judgement of one case."""
