"""Why the model says what it says: words, their weight and how far the suggestion rests on them.

Works on a trained classifier and documents; knows `learning` and `domain`, nothing else of ours.
"""
