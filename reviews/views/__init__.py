"""The pages of human work. Each view finds, calls one verb or one presenter, and answers."""
