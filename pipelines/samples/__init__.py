"""Content banks and makers of the sample desk."""
