"""`python -m crowdloom.client.cli`."""

from crowdloom.client.cli.app import main

if __name__ == "__main__":
    main()
