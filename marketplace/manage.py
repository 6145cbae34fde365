"""Django's command line: `python -m marketplace.manage <command>`."""

import os
import sys

# These create or alter tables, so they connect as the role that owns them.
OWNER_COMMANDS = {"migrate", "makemigrations", "sqlmigrate", "start_over"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ.setdefault("DATABASE_AS_OWNER", "true")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
