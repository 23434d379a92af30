"""What is in stock, what it costs, and who asked for it."""
