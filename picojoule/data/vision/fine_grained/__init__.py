"""Fine-grained recognition: generated creatures, cut-outs, and the folders of birds and cars."""
