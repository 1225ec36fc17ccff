"""What the Transform $name runs."""


def main() -> None:
    """Do the work."""
    print("$name has nothing to do yet")


if __name__ == "__main__":
    main()
