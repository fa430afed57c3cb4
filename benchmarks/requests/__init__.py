"""What a request costs: this product's contract layer, FastAPI doing the same checks, and a bare ASGI application."""
