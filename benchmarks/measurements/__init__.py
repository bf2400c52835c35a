"""The recommender measured: relevance against its peers, and the tilt against its own."""
