"""What people see and type: reports, progress, paths, and the commands in a real terminal."""
