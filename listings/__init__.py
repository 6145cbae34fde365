"""What is sold, and at what price: Oscar's catalogue (app label `catalogue`) with price books of our own."""
