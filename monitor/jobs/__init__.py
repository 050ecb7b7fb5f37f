"""The line, one module a step; jobs share no memory and leave rows in the next state."""
