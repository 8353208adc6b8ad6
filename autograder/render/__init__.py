"""Reports for people: in the terminal and as a web page."""
