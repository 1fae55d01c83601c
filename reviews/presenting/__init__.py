"""From cases to what a page shows: plain dicts in the shape that the template parts name. Pure
reading; what a person does goes through the verbs."""
