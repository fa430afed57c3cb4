"""The parts of Connexion that this layer is built on: its public extension points, and nothing else of it."""

import warnings

with warnings.catch_warnings():
    # Connexion 3.3 imports names that its own dependencies deprecate; that is news for its authors, not for operators.
    warnings.simplefilter("ignore")
    from connexion.middleware import ConnexionMiddleware
    from connexion.middleware.abstract import SpecMiddleware
    from connexion.middleware.lifespan import LifespanMiddleware
    from connexion.middleware.main import API
    from connexion.middleware.swagger_ui import SwaggerUIMiddleware
    from connexion.options import SwaggerUIOptions
    from connexion.resolver import Resolution, Resolver
    from connexion.spec import OpenAPISpecification

__all__ = [
    "API",
    "ConnexionMiddleware",
    "LifespanMiddleware",
    "OpenAPISpecification",
    "Resolution",
    "Resolver",
    "SpecMiddleware",
    "SwaggerUIMiddleware",
    "SwaggerUIOptions",
]
