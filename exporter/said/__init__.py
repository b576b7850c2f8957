"""What servers and client libraries say, and which cause it means: tables, without any driver."""
