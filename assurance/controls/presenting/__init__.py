"""What the pages of controls show, put into words and tables."""
