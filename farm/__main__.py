"""``python -m farm``: the same as the ``farm`` command."""

from farm.cli.start import main

if __name__ == "__main__":
    main()
