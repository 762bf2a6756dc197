"""Everything that turns a lecture's text into what people read, watch, run and hand in.

``python -m course_utils.publishing help`` lists the commands.
"""
