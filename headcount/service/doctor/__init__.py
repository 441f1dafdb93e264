"""Is this installation in order? One file for each thing that is looked at; ``examination`` does the round."""
