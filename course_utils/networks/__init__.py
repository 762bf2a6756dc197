"""Layers and models that two or more lectures share; what a lecture teaches stays in its cells.

`recurrent` has a fast LSTM and GRU with backpropagation through time, `transformers` encoders, their
heads and Adam, `vision` a small network for images and its training. Each says which lecture
derives what it computes, and a test compares both. Import the one you need, for example
``from course_utils.networks import recurrent``: nothing is loaded here.
"""
