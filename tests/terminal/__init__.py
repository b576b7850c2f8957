"""What people see and type: reports, progress, and the commands in a real terminal."""
