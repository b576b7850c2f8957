"""The application's side, tried with real applications and servers."""
