"""The suite: real servers, real sockets, and doubles only for what no real server does."""
