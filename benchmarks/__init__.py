"""What the package costs, measured against Microsoft's sample program. Nothing here is a test."""
