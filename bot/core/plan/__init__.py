"""Reading plans: an issue's markdown in, a Plan with every problem out. Pure, and never raises on any text."""
