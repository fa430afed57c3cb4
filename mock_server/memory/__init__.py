"""The mock's store: everything in memory, with the transactions and the page order of a database."""
