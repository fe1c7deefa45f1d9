"""What is made at home of what a GPU session brought there: the pairs that the paper is about, the GPU over time."""
