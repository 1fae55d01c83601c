"""People, persons, grants, clients and keys. What they may see of a case is asked in reviews."""
