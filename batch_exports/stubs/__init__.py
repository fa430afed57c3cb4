"""Carries an edit of the contract to typed handler stubs, and tells where handlers and contract have drifted apart."""
