"""The main job on a stage: a simulated venue, a fighting bot, a crash, guardian, and a referee of our own.

Nothing here is trusted by guardian and nothing of guardian's books is trusted here.
"""
