"""An Azure ML workspace: connect, look, submit, register. Any job and any component; nothing here knows MNIST."""
