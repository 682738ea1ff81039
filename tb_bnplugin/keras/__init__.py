"""All questions to Keras: which modes ran, what a model is, how its losses reduce, the probe."""
