"""The pictures that volunteers see, made alike in everything but their colours."""
