"""Recipe of the starter checkpoint: synthetic data, training stages, evaluation and export."""
