"""What goes wrong on purpose: rules of a world, preferences of a request, and names that ask for it."""
