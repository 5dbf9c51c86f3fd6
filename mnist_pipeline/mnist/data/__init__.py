"""Reading and preparing images: IDX, CSV, folders of pictures, data sets by name."""
