"""`python -m cer_assist.cli` is what manage.py hands over to."""

from cer_assist.cli import main

main()
