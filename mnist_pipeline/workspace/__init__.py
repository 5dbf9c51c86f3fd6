"""Work with an Azure ML workspace: connect, list, submit, register. Works for any job and component, not only MNIST."""
