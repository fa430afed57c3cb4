"""Event stores: the embedded one and ClickHouse clusters, both read through one ClickHouse client."""
