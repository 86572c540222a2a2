"""What a program may ask for, one group of routes a file."""
