"""The path to one host, hop by hop, as long as somebody looks."""
