"""The examination of one target, against real servers, and through the lab's faults."""
