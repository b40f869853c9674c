"""``python -m ullage_operator.cli``: the command, where it is on no path."""

from . import main

if __name__ == "__main__":
    main()
