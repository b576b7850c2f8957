"""The image and the composition: read as those read them who build and run them."""
