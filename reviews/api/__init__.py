"""Cases and the work on them over REST. Each view finds, validates, calls one verb and answers."""
