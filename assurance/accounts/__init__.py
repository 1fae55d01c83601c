"""People, persons, grants, API clients and their keys. What they may see of a case is asked in reviews."""
