"""Times of sknn beside those of its peers. Run with ``python -m benchmarks``."""
