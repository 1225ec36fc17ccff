"""What crosses from a program to the provider."""
