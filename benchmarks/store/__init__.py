"""What lists and details cost a database with little and with much history."""
