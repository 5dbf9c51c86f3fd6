"""`python -m mnist_pipeline` is the `mnist-pipeline` command."""

from mnist_pipeline.cli.main import main

main()
