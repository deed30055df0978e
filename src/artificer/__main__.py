"""`python -m artificer`."""

from artificer.cli import main

if __name__ == "__main__":
    main()
