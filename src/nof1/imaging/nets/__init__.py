"""Networks: preparing a picture, building, loading, converting, exporting and running them."""
