"""GitHub as the rest of the program sees it: a port in GitHub's words and the client behind it."""
