"""The commands, one module each: `run(argv)` takes the words after the command and gives the exit code."""
