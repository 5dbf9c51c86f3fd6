GREETING = "hello from the shared folder"
