"""Where in the picture the evidence lies, with a direction that is tested."""
