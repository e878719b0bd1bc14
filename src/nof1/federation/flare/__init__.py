"""An optional engine: jobs over NVIDIA FLARE (extra ``flare``), where it runs already."""
