"""`python -m huebench` is `huebench`."""

from huebench.cli import main

if __name__ == "__main__":
    main()
