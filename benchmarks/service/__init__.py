"""What a request costs with the store in: the product, and FastAPI with SQLAlchemy on the same database."""
